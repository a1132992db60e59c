/** Go with sprig from Debian's packages, where the machine has them: the templates as Helm evaluates them. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chartFolder, chartRoot, type Release, type Values } from './chart.ts';

const goPath = '/usr/share/gocode';

/** Why there is nothing to compare with; undefined when there is. */
export const goIsMissing: string | undefined =
  existsSync('/usr/bin/go') && existsSync(join(goPath, 'src/github.com/Masterminds/sprig'))
    ? undefined
    : "the chart rendered by Go itself (Debian's golang-go, golang-github-masterminds-sprig-dev and golang-github-ghodss-yaml-dev are not installed)";

/** The text of every template by its file's name, by Go. `cache` is a folder for what it builds. @throws Error with what it said */
export function renderWithGo(values: Values, cache: string, into?: Release): Map<string, string> {
  const { status, stdout, stderr } = spawnSync(
    '/usr/bin/go',
    ['run', join(import.meta.dirname, 'render.go'), chartFolder],
    {
      env: {
        PATH: '/usr/bin:/bin',
        HOME: cache,
        GOCACHE: cache,
        GOPATH: goPath,
        GO111MODULE: 'off',
        GOFLAGS: '-p=1',
      },
      input: JSON.stringify(chartRoot(values, into)),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) throw new Error(`go failed: ${stderr}`);
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, string>));
}
