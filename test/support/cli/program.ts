/** Runs the program in its own process, as a user does. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../../src/dev/main.ts');

/** A run of `overlay-network`. */
export interface Run {
  readonly child: ChildProcess;
  /** Returns the standard output so far. */
  stdout(): string;
  /** Returns the standard error so far. */
  stderr(): string;
  /** Resolves with the match of `pattern` in the standard output; rejects when the program ends without a match. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  /** The same for standard error, which contains the log. */
  logged(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves with the exit status of the program, or with the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals>;
}

/** Starts the program without a terminal and without input. `env` is added to the environment. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const checks = new Set<() => void>();
  const runChecks = (): void => {
    for (const each of [...checks]) each();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    runChecks();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    runChecks();
  });
  let end: number | NodeJS.Signals | undefined;
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      end = code ?? signal ?? 0;
      resolve(end);
      runChecks();
    });
  });
  const seen = (pattern: RegExp, text: () => string): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(text());
        if (match === null && end === undefined) return;
        checks.delete(check);
        if (match !== null) resolve(match);
        else reject(new Error(`ended with ${String(end)} without ${String(pattern)}:\n${stdout}\n${stderr}`));
      };
      checks.add(check);
      check();
    });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: () => ended,
    printed: (pattern) => seen(pattern, () => stdout),
    logged: (pattern) => seen(pattern, () => stderr),
  };
}

/** Returns the IDs of the other processes that have `text` in their arguments. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter(
      (entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid && commandLine(entry).includes(text),
    )
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
