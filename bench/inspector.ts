/** The V8 inspector of another process, for the one thing that needs it: to collect its garbage before it is weighed. */
import type { ChildProcess } from 'node:child_process';

/** How long the inspector may take to come up and answer, in ms. */
const patienceMs = 10_000;

/**
 * Has a Node process collect its garbage. It must have been started with `--inspect-port=127.0.0.1:0` and its stderr
 * piped; the inspector, which SIGUSR1 starts (Node's documentation, "Debugger"), costs nothing before and next to
 * nothing after.
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

/** It says where it listens, once. */
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
  const timer = setTimeout(() => reject(new Error('the inspector did not start')), patienceMs);
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
    const timer = setTimeout(() => reject(new Error('the inspector does not answer')), patienceMs);
    const settle = (then: () => void): (() => void) => {
      return () => {
        clearTimeout(timer);
        then();
      };
    };
    socket.addEventListener(name, settle(resolve), { once: true });
    socket.addEventListener(
      'error',
      settle(() => reject(new Error('the inspector cannot be reached'))),
      { once: true },
    );
  });
}
