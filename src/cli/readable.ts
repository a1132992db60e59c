import { accessSync, constants } from 'node:fs';
import { ConfigError } from '../config.ts';

/**
 * Makes sure at the start that the files of TLS can be read: connecting tries for ever, since a rotation may be under way.
 *
 * @throws ConfigError that names every one that cannot
 */
export function checkTlsFiles({ tls }: { readonly tls: object }): void {
  const problems = Object.entries(tls as Record<string, string | undefined>).flatMap(([name, path]) => {
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
