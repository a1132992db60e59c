/**
 * `NO_BRIDGE`: the integration bridge does not exist. `NO_SOCKET`: the agent cannot listen in the network's
 * namespace.
 */
type HostErrorCode = 'NO_BRIDGE' | 'NO_SOCKET';

/** A condition on this host prevents the service of a network. A retry can succeed. The message states the remedy. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;

  constructor(code: HostErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
