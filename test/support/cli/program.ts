/** The program in a process of its own, as a person runs it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../../src/dev/main.ts');

/** A run of `overlay-network`. */
export interface Run {
  readonly child: ChildProcess;
  /** What it has printed so far on standard output. */
  stdout(): string;
  /** What it has printed so far on standard error. */
  stderr(): string;
  /** Resolves with what `pattern` matched once standard output has it; rejects when the program ends without. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  /** The same for standard error, where the log goes. */
  logged(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves when it has ended, with its exit code, or the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals>;
}

/** Starts the program with these arguments; `env` is added to the environment. It has no terminal and no input. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const looks = new Set<() => void>();
  const look = (): void => {
    for (const each of [...looks]) each();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look();
  });
  let end: number | NodeJS.Signals | undefined;
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      end = code ?? signal ?? 0;
      resolve(end);
      look();
    });
  });
  const seen = (pattern: RegExp, text: () => string): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(text());
        if (match === null && end === undefined) return;
        looks.delete(check);
        if (match !== null) resolve(match);
        else reject(new Error(`ended with ${String(end)} without ${String(pattern)}:\n${stdout}\n${stderr}`));
      };
      looks.add(check);
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

/** Numbers of the processes that have `text` in their arguments, this one not counted. */
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
