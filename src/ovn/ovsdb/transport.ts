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
  /** Sends text. Never blocks: the transport buffers data that the peer has not read yet. */
  write(text: string): void;
  /** Closes the stream at once. `onClose` follows. */
  destroy(): void;
  /** Sets the listener for chunks. The caller sets it once, before data can arrive. */
  onData(listener: (chunk: Buffer) => void): void;
  /** Sets the listener for the end of the stream. It receives the error, if any. */
  onClose(listener: (error?: Error) => void): void;
}

/**
 * PEM files for `ssl:` remotes. The client reads them for every connection, so certificates can be rotated.
 */
export interface TlsFiles {
  /** The CA that must have signed the certificate of the server. The client always verifies the server. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /**
   * The name or address that the certificate of the server must contain. If undefined, any certificate of the
   * CA is valid, as in OVS itself: its PKI (`ovs-pki`) does not put host names into certificates.
   */
  readonly serverName?: string;
}

/** The options of one connection attempt. */
interface ConnectOptions {
  readonly timeoutMs: number;
  readonly tls?: TlsFiles | undefined;
  /** Allows `tcp:` to other hosts. An attacker on the network path can then read and change the database. */
  readonly allowPlaintext?: boolean | undefined;
  /** Aborts the attempt. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a transport.
 *
 * @throws OvsdbError CONFIGURATION when the options do not allow the remote
 * @throws OvsdbError CONNECT_FAILED when the connection cannot be established
 */
export type Connect = (remote: Remote, options: ConnectOptions) => Promise<Transport>;

/** Connects over `net` and `tls`. Requires TLS 1.2 or newer and a valid certificate of the server. */
export const connectTransport: Connect = async (remote, options) => {
  const name = formatRemote(remote);
  if (remote.kind === 'tcp' && !isLoopback(remote.host) && options.allowPlaintext !== true) {
    throw new OvsdbError(
      'CONFIGURATION',
      `${name} is an unencrypted connection to another machine: use ssl: or allow plaintext explicitly`,
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
    throw new OvsdbError('CONFIGURATION', 'ssl: remotes need a CA file for the verification of the server');
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
      socket.off(ready, onReady).off('close', onEnd).off('error', fail);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onReady = (): void => {
      settle();
      resolve(socket);
    };
    const onEnd = (): void => fail(new Error('the peer closed the connection'));
    const onAbort = (): void => fail(new Error('aborted'));
    const timer = setTimeout(
      () => fail(new Error(`no answer within ${options.timeoutMs} ms`)),
      options.timeoutMs,
    );
    socket.on(ready, onReady).on('close', onEnd).on('error', fail);
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
    // Send all requests of a turn with one system call: with many small transactions, system calls are most of the cost.
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
