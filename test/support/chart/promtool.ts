/** Prometheus' own checker of rules, where the machine has it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Why nothing can be checked; undefined when it can. */
export const promtoolIsMissing: string | undefined =
  spawnSync('promtool', ['--version']).status === 0
    ? undefined
    : "alerts and dashboard checked by promtool (Debian's prometheus is not installed)";

/** Runs `promtool ARGS FOLDER/FILE...` on files of these contents, and returns what it said. @throws Error with that when it is not content */
export function promtool(args: readonly string[], files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'overlay-promtool-'));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), stringify(content));
    const [last = ''] = Object.keys(files).reverse();
    const { status, stdout, stderr } = spawnSync('promtool', [...args, join(folder, last)], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
