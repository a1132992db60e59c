import type { ConnectionOptions } from 'node:tls';

/** The address of the API server and the credentials of the client. */
export interface Connection {
  /** The URL of the API server, optionally with a path, for example 'https://127.0.0.1:6443'. */
  readonly server: string;
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  /** The URL of the proxy through which the client connects; absent: the client connects directly. */
  readonly proxy?: string;
  /** The headers of every request, usually Authorization. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns the current connection. The client calls the function periodically, because credentials rotate. An abort of
 * the signal ends everything that the function has started.
 */
export type ConnectionSource = (signal?: AbortSignal) => Promise<Connection>;
