import { spawn } from 'node:child_process';
import { Server } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { HostError } from './host-error.ts';

/** The same file in sources and in a build. */
const program = join(import.meta.dirname, `socket-child${extname(import.meta.filename)}`);

/**
 * Opens a listening TCP socket in a network namespace, to be used by this process: `http.Server.listen(socket)`.
 * It must be used at once; who connects before it is handed over is refused. Rejects with HostError NO_SOCKET when it
 * cannot be had, with the system's code in the message: EADDRINUSE when another process listens there.
 */
export async function listenIn(namespace: string, host: string, port: number): Promise<Server> {
  const child = spawn(
    'ip',
    [
      ...['netns', 'exec', namespace],
      ...[process.execPath, '--disable-warning=ExperimentalWarning', program, host, String(port)],
    ],
    { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], timeout: 30_000, killSignal: 'SIGKILL' },
  );
  const received = new Promise<Server | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('message', (_, handle) => resolve(handle instanceof Server ? handle : undefined));
    child.once('close', () => resolve(undefined));
  });
  const complaint = text(child.stderr as NodeJS.ReadableStream);
  const server = await received;
  if (server !== undefined) return server;
  const why = (await complaint).trim() || 'no answer';
  const hint = why.endsWith('EADDRINUSE') ? '; end the other agent on this host' : '';
  throw new HostError(
    'NO_SOCKET',
    `no socket for ${host}:${port} in the namespace ${namespace}: ${why}${hint}`,
  );
}
