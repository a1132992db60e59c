/**
 * A short-lived program that runs in another network namespace: opens a listening TCP socket, sends the socket to the
 * parent process, and ends. A socket stays in the namespace in which it was opened.
 */
import { createServer } from 'node:net';

const [host, port] = process.argv.slice(2);
// An open connection would keep this program alive, and would get no answer here.
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
