/** Uses the V8 inspector of another process to collect its garbage before its memory is measured. */
import type { ChildProcess } from 'node:child_process';

/** Time limit for the inspector to start, and for each of its answers. */
const TIMEOUT_MS = 10_000;

/**
 * Makes a Node process collect its garbage. The process must have been started with `--inspect-port=127.0.0.1:0` and
 * with a pipe for stderr. SIGUSR1 starts the inspector (Node's documentation, "Debugger"), so the inspector does not
 * affect measurements before.
 * @throws Error when the inspector does not start or does not answer in time
 */
export async function collectGarbage(child: ChildProcess): Promise<void> {
  const url = await inspectorUrl(child);
  const socket = new WebSocket(url);
  try {
    await event(socket, 'open');
    socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' }));
    await event(socket, 'message');
  } finally {
    socket.close();
  }
}

const urls = new WeakMap<ChildProcess, string>();

/** The URL of the inspector. The process prints it to stderr only once, so the function remembers it. */
async function inspectorUrl(child: ChildProcess): Promise<string> {
  const known = urls.get(child);
  if (known !== undefined) return known;
  const { stderr } = child;
  if (stderr === null) throw new Error('the process was started without a pipe for its stderr');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const onData = (chunk: Buffer): void => {
    text += chunk.toString();
    const url = /ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+/.exec(text)?.[0];
    if (url !== undefined) resolve(url);
  };
  const timer = setTimeout(() => reject(new Error('the inspector did not start')), TIMEOUT_MS);
  stderr.on('data', onData);
  child.kill('SIGUSR1');
  try {
    const url = await promise;
    urls.set(child, url);
    return url;
  } finally {
    clearTimeout(timer);
    stderr.off('data', onData);
  }
}

function event(socket: WebSocket, name: 'open' | 'message'): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the inspector does not answer')), TIMEOUT_MS);
    const settle = (then: () => void): (() => void) => {
      return () => {
        clearTimeout(timer);
        then();
      };
    };
    socket.addEventListener(name, settle(resolve), { once: true });
    socket.addEventListener(
      'error',
      settle(() => reject(new Error('the connection to the inspector failed'))),
      { once: true },
    );
  });
}
