/**
 * A short-lived program: opens a listening TCP socket where it is started, which is in another network namespace, hands
 * it to its parent, and ends. A socket belongs to the namespace that it was opened in, wherever it is used.
 */
import { createServer } from 'node:net';

const [host, port] = process.argv.slice(2);
// Who connects this early would wait here for an answer, and keep this program from its end.
const server = createServer((socket) => socket.destroy());
server.once('error', (error: NodeJS.ErrnoException) => {
  process.stderr.write(`${error.code ?? error.message}\n`);
  process.exitCode = 1;
  process.disconnect();
});
server.listen({ host, port: Number(port), backlog: 512 }, () => {
  process.send?.('listening', server, undefined, () => {
    server.close();
    process.disconnect();
  });
});
