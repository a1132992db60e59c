/** Runs promtool, Prometheus' checker of rules. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** The reason why the checks are skipped; undefined when promtool is installed. */
export const promtoolSkipReason: string | undefined =
  spawnSync('promtool', ['--version']).status === 0
    ? undefined
    : "alerts and dashboard checked by promtool (Debian's prometheus is not installed)";

/**
 * Writes the files to a temporary folder and runs `promtool ARGS FOLDER/FILE` for the last one. Returns the output.
 * @throws Error with the output when promtool fails
 */
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
