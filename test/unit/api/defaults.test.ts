import { describe, expect, it } from '@jest/globals';
import { withDefaults } from '../../../src/api/index.ts';

describe('withDefaults', () => {
  it('fills in the defaults of an object without spec', () => {
    expect(withDefaults({ kind: 'Port', metadata: { name: 'a' } })).toEqual({
      kind: 'Port',
      metadata: { name: 'a' },
      spec: {
        subnetRef: { name: 'default' },
        trafficFiltering: 'Enabled',
        spoofingProtection: 'MACAndIP',
        adminState: 'Up',
      },
    });
  });

  it('keeps set fields and fills in unset fields beside them', () => {
    const subnet = {
      kind: 'Subnet',
      spec: { cidr: '10.0.0.0/24', dhcp: { leaseSeconds: 60 }, gateway: { mode: 'None' } },
    };
    expect(withDefaults(subnet)).toEqual({
      kind: 'Subnet',
      spec: {
        cidr: '10.0.0.0/24',
        dhcp: { mode: 'Enabled', leaseSeconds: 60 },
        gateway: { mode: 'None' },
        metadata: 'Disabled',
      },
    });
  });

  it('does not create an object that has no default', () => {
    expect(withDefaults({ kind: 'VPC', spec: {} })).toEqual({ kind: 'VPC', spec: { defaults: 'Create' } });
    const gateway = { externalGateway: { externalNetworkRef: { name: 'internet' } } };
    expect(withDefaults({ kind: 'VPC', spec: gateway })).toMatchObject({
      spec: { externalGateway: { snat: 'Enabled' } },
    });
  });

  it('changes neither its argument nor objects of other kinds', () => {
    const vpc = Object.freeze({ kind: 'VPC', spec: Object.freeze({}) });
    withDefaults(vpc);
    expect(vpc).toEqual({ kind: 'VPC', spec: {} });
    const namespace = { kind: 'Namespace' };
    expect(withDefaults(namespace)).toBe(namespace);
    expect(withDefaults({ kind: 'toString' })).toEqual({ kind: 'toString' });
  });

  it('returns a new copy of the defaults for each object', () => {
    const [a, b] = [withDefaults({ kind: 'Port' }), withDefaults({ kind: 'Port' })] as {
      spec?: { subnetRef: object };
    }[];
    expect(a?.spec?.subnetRef).not.toBe(b?.spec?.subnetRef);
  });
});
