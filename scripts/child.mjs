// Functions that run other programs.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** The exit status of a program as a shell reports it: 128 + the signal number when a signal ended the program. */
const statusOf = (code, signal) => code ?? 128 + (constants.signals[signal] ?? 0);

/**
 * Runs a program on this terminal and resolves with its exit status. Forwards SIGINT, SIGTERM and SIGHUP to the
 * program, which decides how to handle them.
 */
export function runHere(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const forward = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    const stopForwarding = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.once('error', (error) => (stopForwarding(), reject(error)));
    child.once('exit', (code, signal) => (stopForwarding(), resolve(statusOf(code, signal))));
  });
}

/**
 * Runs a program without input and without printing its output; resolves with its output.
 * @throws Error with the end of the output when the program fails
 */
export function runQuietly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const append = (chunk) => (output = (output + chunk).slice(-100_000));
    child.stdout.setEncoding('utf8').on('data', append);
    child.stderr.setEncoding('utf8').on('data', append);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(
          new Error(
            `\`${[command, ...args].join(' ')}\` failed with ${code === null ? signal : `exit status ${code}`}:\n${output.trimEnd().slice(-2000)}`,
          ),
        );
    });
  });
}
