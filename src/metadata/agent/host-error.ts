/** - `NO_BRIDGE`: the integration bridge is not there. `NO_SOCKET`: nobody can listen in the network's namespace. */
export type HostErrorCode = 'NO_BRIDGE' | 'NO_SOCKET';

/** Something on this host stands in the way of serving a network. Worth trying again; the message says what to do. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;

  constructor(code: HostErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
