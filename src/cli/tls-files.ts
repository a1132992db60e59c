import { accessSync, constants } from 'node:fs';
import { ConfigError, type Protection } from '../config/index.ts';

/**
 * Checks that the TLS files are readable. The check is needed at the start because the clients retry without end:
 * later, an unreadable file may be a certificate rotation in progress.
 *
 * @throws ConfigError when files are not readable; the error names each of them
 */
export function checkTlsFiles({ tls }: Pick<Protection, 'tls'>): void {
  const problems = Object.entries(tls).flatMap(([name, path]: [string, string | undefined]) => {
    if (path === undefined) return [];
    try {
      accessSync(path, constants.R_OK);
      return [];
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      return [`tls.${name}: cannot read ${path} (${code})`];
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
}
