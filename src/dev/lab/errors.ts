/** Why the lab cannot do something; the message is for a person and says what to do. */
export class LabError extends Error {
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LabError';
    this.code = code;
  }
}

/**
 * `LAB_UNAVAILABLE`: this machine or user cannot have a lab. `NO_LAB`: none runs, or not the one that was named.
 * `NO_SUCH_VM`, `VM_EXISTS`, `NO_SUCH_HYPERVISOR`: another name is needed. `PORT_ALREADY_ATTACHED`: another VM has
 * the Port. `TIMED_OUT`: what should have come did not; the message has what there was instead. `NO_LEASE`: DHCP
 * gave none.
 */
export type LabErrorCode =
  | 'LAB_UNAVAILABLE'
  | 'NO_LAB'
  | 'NO_SUCH_VM'
  | 'VM_EXISTS'
  | 'NO_SUCH_HYPERVISOR'
  | 'PORT_ALREADY_ATTACHED'
  | 'TIMED_OUT'
  | 'NO_LEASE';
