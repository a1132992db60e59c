import { accessSync, constants } from 'node:fs';
import type { Protection } from '../config/endpoints.ts';
import { ConfigError } from '../config/config.ts';

/**
 * Makes sure at the start that the files of TLS can be read: connecting tries for ever, since a rotation may be under way.
 *
 * @throws ConfigError that names every one that cannot
 */
export function checkTlsFiles({ tls }: Pick<Protection, 'tls'>): void {
  const problems = Object.entries(tls).flatMap(([name, path]: [string, string | undefined]) => {
    if (path === undefined) return [];
    try {
      accessSync(path, constants.R_OK);
      return [];
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      return [`tls.${name}: ${path} cannot be read (${code})`];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
}
