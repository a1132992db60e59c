/** Renders the templates with Go and sprig of Debian's packages, in the same way as Helm. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chartFolder, chartRoot, type Release, type Values } from './chart.ts';

const goPath = '/usr/share/gocode';

/** The reason why the comparison is skipped; undefined when Go and sprig are installed. */
export const goSkipReason: string | undefined =
  existsSync('/usr/bin/go') && existsSync(join(goPath, 'src/github.com/Masterminds/sprig'))
    ? undefined
    : "the chart rendered with Go (Debian's golang-go, golang-github-masterminds-sprig-dev and golang-github-ghodss-yaml-dev are not installed)";

/**
 * Renders every template with Go. Returns the texts by file name.
 * @param cache a folder for Go's build cache
 * @throws Error with Go's output when it fails
 */
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
