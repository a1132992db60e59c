/**
 * Runs the embedded API server in a separate process, so that its work does not delay the event loop of the benchmark.
 * Answers each message with its kubeconfig and the number of writes so far.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import process from 'node:process';
import { ApiServer } from '../packages/dev-apiserver/src/index.ts';
import { isCounted } from './counted.ts';

/** The answer to each message. */
export interface EmbeddedState {
  readonly kubeconfig: string;
  readonly writes: number;
}

let writes = 0;
subscribe('http.server.request.start', (message) => {
  const { request } = message as { request: IncomingMessage };
  if (isCounted(request.method ?? '', request.url ?? '')) writes++;
});

const started = ApiServer.start();
process.on('message', () => {
  void started.then((server) => {
    const state: EmbeddedState = { kubeconfig: server.kubeconfig(), writes };
    process.send?.(state);
  });
});
process.on('disconnect', () => void started.then((server) => server.stop()).finally(() => process.exit(0)));
