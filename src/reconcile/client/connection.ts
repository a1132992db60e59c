import type { ConnectionOptions } from 'node:tls';

/** Where the API server is and how to be let in. */
export interface Connection {
  /** Its URL, perhaps with a path, e.g. 'https://127.0.0.1:6443'. */
  readonly server: string;
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  /** Sent with every request: Authorization, as a rule. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives the connection as it is now; called again from time to time, for credentials that rotate. */
export type ConnectionSource = () => Promise<Connection>;
