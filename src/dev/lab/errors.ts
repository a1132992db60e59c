/** The lab cannot do what was asked. The message is for a person and says what to do. */
export class LabError extends Error {
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LabError';
    this.code = code;
  }
}

/**
 * - `LAB_UNAVAILABLE`: this machine or this user cannot run a lab.
 * - `NO_LAB`: no lab runs, the named lab does not run, or several labs run and none is named.
 * - `NO_SUCH_VM`, `NO_SUCH_HYPERVISOR`: the name is invalid or unknown.
 * - `VM_EXISTS`: the name is in use.
 * - `PORT_ALREADY_ATTACHED`: another VM uses the Port, or the Port is in another Subnet.
 * - `TIMED_OUT`: an expected state was not reached; the message contains the last state.
 * - `NO_LEASE`: no DHCP server gave a lease.
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
