// Running other programs.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What ended a program, as a shell would report it: 128 + the signal's number when a signal did. */
const statusOf = (code, signal) => code ?? 128 + (constants.signals[signal] ?? 0);

/**
 * Runs a program on this terminal and resolves with its exit status. Signals that ask us to end are passed on,
 * and the program decides what to do about them.
 */
export function runHere(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const pass = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, pass);
    const done = () => {
      for (const signal of signals) process.off(signal, pass);
    };
    child.once('error', (error) => (done(), reject(error)));
    child.once('exit', (code, signal) => (done(), resolve(statusOf(code, signal))));
  });
}

/** Runs a program without input and out of sight; resolves with its output, or rejects with its last words. */
export function runQuietly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const take = (chunk) => (output = (output + chunk).slice(-100_000));
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else
        reject(
          new Error(
            `${[command, ...args].join(' ')} ended with ${code ?? signal}:\n${output.trimEnd().slice(-2000)}`,
          ),
        );
    });
  });
}
