import { spawn } from 'node:child_process';
import { Server } from 'node:net';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { HostError } from './host-error.ts';

/** The child program. Its extension is that of this file: .ts in the sources, .js in a build. */
const program = join(import.meta.dirname, `socket-child${extname(import.meta.filename)}`);

/**
 * Opens a listening TCP socket in a network namespace for this process: `http.Server.listen(socket)`. The caller must
 * use the socket at once. Connections before the transfer to this process are closed.
 *
 * @throws HostError NO_SOCKET with the error code of the system, for example EADDRINUSE when another process listens
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
  const errorOutput = text(child.stderr as NodeJS.ReadableStream);
  const server = await received;
  if (server !== undefined) return server;
  const why = (await errorOutput).trim() || 'no answer';
  const hint = why.endsWith('EADDRINUSE') ? '; stop the other agent on this host' : '';
  throw new HostError(
    'NO_SOCKET',
    `cannot listen on ${host}:${port} in the network namespace ${namespace}: ${why}${hint}`,
  );
}
