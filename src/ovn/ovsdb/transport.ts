import { readFile } from 'node:fs/promises';
import { connect as connectSocket, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import { asOvsdbError, OvsdbError } from './errors.ts';
import { formatRemote, isLoopback } from './remotes.ts';
import type { Remote } from './remotes.ts';

/** A connected byte stream. */
export interface Transport {
  /** Sends text; never blocks, keeps what the peer does not read yet. */
  write(text: string): void;
  /** Ends it at once. `onClose` follows. */
  destroy(): void;
  /** Called with each chunk; set once, before data can arrive. */
  onData(listener: (chunk: Buffer) => void): void;
  /** Called once when it has ended, with the reason if it was an error. */
  onClose(listener: (error?: Error) => void): void;
}

/** Files for `ssl:` remotes, PEM; read anew for every connection, so that rotated ones are used. */
export interface TlsFiles {
  /** The CA that the server's certificate must chain to. There is no way to go without. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /**
   * Also require the certificate to be for this name or address. Without it, a certificate of the CA is enough,
   * as for OVS's own programs, whose PKI (`ovs-pki`) puts no host names into certificates.
   */
  readonly serverName?: string;
}

/** How to connect. */
export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly tls?: TlsFiles | undefined;
  /** Allows `tcp:` to hosts that are not loopback: anyone on the way can then read and write the database. */
  readonly allowPlaintext?: boolean | undefined;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens a transport; rejects with CONFIGURATION, or CONNECT_FAILED. */
export type Connect = (remote: Remote, options: ConnectOptions) => Promise<Transport>;

/** Connects over `net` and `tls`. TLS is 1.2 or newer, and the server must prove itself. */
export const connectTransport: Connect = async (remote, options) => {
  const name = formatRemote(remote);
  if (remote.kind === 'tcp' && !isLoopback(remote.host) && options.allowPlaintext !== true) {
    throw new OvsdbError(
      'CONFIGURATION',
      `${name} is plaintext to another machine: use ssl:, or allow plaintext explicitly`,
    );
  }
  try {
    const secure = remote.kind === 'ssl' ? await tlsOptions(remote.host, options.tls) : undefined;
    return new SocketTransport(await openSocket(remote, secure, options));
  } catch (error) {
    throw asOvsdbError(error, 'CONNECT_FAILED', `cannot connect to ${name}`);
  }
};

async function tlsOptions(host: string, files: TlsFiles | undefined): Promise<ConnectionOptions> {
  if (!files)
    throw new OvsdbError('CONFIGURATION', 'ssl: remotes need a CA file to check the server against');
  const { serverName } = files;
  return {
    ca: await readFile(files.ca),
    ...(files.cert === undefined ? {} : { cert: await readFile(files.cert) }),
    ...(files.key === undefined ? {} : { key: await readFile(files.key) }),
    ...(isIP(host) ? {} : { servername: host }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_host, certificate) =>
      serverName === undefined ? undefined : checkServerIdentity(serverName, certificate),
  };
}

function openSocket(
  remote: Remote,
  secure: ConnectionOptions | undefined,
  options: ConnectOptions,
): Promise<Socket> {
  const socket =
    remote.kind === 'unix'
      ? connectSocket(remote.path)
      : secure
        ? connectTls({ ...secure, host: remote.host, port: remote.port })
        : connectSocket(remote.port, remote.host);
  return new Promise((resolve, reject) => {
    const ready = secure ? 'secureConnect' : 'connect';
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      socket.off(ready, onReady).off('close', onEnd).off('error', give);
    };
    const give = (error: Error): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onReady = (): void => {
      settle();
      resolve(socket);
    };
    const onEnd = (): void => give(new Error('the peer closed the connection'));
    const onAbort = (): void => give(new Error('given up'));
    const timer = setTimeout(
      () => give(new Error(`no answer within ${options.timeoutMs} ms`)),
      options.timeoutMs,
    );
    socket.on(ready, onReady).on('close', onEnd).on('error', give);
    if (options.signal?.aborted === true) onAbort();
    else options.signal?.addEventListener('abort', onAbort, { once: true });
  });
}

class SocketTransport implements Transport {
  readonly #socket: Socket;
  #corked = false;
  #reason: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => (this.#reason = error));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
  }

  write(text: string): void {
    // One system call for all requests of a turn: with many small transactions in flight that is most of the cost.
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(text);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  onData(listener: (chunk: Buffer) => void): void {
    this.#socket.on('data', listener);
  }

  onClose(listener: (error?: Error) => void): void {
    this.#socket.on('end', () => this.#socket.destroy());
    this.#socket.once('close', () => listener(this.#reason));
  }
}
