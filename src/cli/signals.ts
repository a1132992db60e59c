import { constants } from 'node:os';

/** What a terminal, a service manager or Kubernetes sends to have a program end. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A second signal within this time is taken for the same wish: npm and the terminal both send Ctrl-C. */
const patienceMs = 1_000;

/**
 * Aborts when the process is asked to end. Asked again later, the process ends at once, with hooks of `exit` but
 * without waiting for anything.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let asked = 0;
  for (const name of signals)
    process.on(name, () => {
      if (!controller.signal.aborted) {
        asked = performance.now();
        controller.abort(name);
      } else if (performance.now() - asked > patienceMs) {
        process.exit(128 + constants.signals[name]);
      }
    });
  return controller.signal;
}
