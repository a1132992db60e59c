import type { Port } from '../../api/index.ts';
import type { Problem } from '../common/problem.ts';

/*
 * The protection of a Port on a link that other tenants may share. Port security is the only protection of their
 * addresses there, and only the drops of filtered Ports stop answers of DHCP servers and advertisements of routers.
 */

const required = { spoofingProtection: 'MACAndIP', trafficFiltering: 'Enabled' } as const;

/** Returns the Port with the protection that a shared link requires. */
export function fullyProtected(port: Port): Port {
  return { ...port, spec: { ...port.spec, ...required } };
}

/** Returns a problem if `guarded` has more protection than the spec of the Port says. */
export function protectionProblem({ spec }: Port, guarded: Port): Problem | undefined {
  const fields = (['spoofingProtection', 'trafficFiltering'] as const).filter(
    (field) => spec[field] !== guarded.spec[field],
  );
  if (fields.length === 0) return undefined;
  const set = fields.map((field) => `spec.${field}: ${spec[field]}`).join(' and ');
  const message =
    `The Port has ${set}, but other tenants may be on the VLAN of the Subnet. ` +
    `The operator applies ${fields.map((field) => `${field}: ${guarded.spec[field]}`).join(' and ')}; set the same in the Port.`;
  return { reason: 'ProtectionRequired', message };
}
