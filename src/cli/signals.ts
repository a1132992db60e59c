import { constants } from 'node:os';

/** The signals with which a terminal, a service manager or Kubernetes stops a program. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A second signal within this time is a repetition: on Ctrl-C, npm and the terminal both send SIGINT. */
const REPETITION_MS = 1_000;

/**
 * Returns a signal that is aborted when the process receives a stop signal. A later stop signal ends the process at
 * once: only its `exit` hooks run.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let abortedAt = 0;
  for (const name of signals)
    process.on(name, () => {
      if (!controller.signal.aborted) {
        abortedAt = performance.now();
        controller.abort(name);
      } else if (performance.now() - abortedAt > REPETITION_MS) {
        process.exit(128 + constants.signals[name]);
      }
    });
  return controller.signal;
}
