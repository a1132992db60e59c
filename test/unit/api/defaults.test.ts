import { describe, expect, it } from '@jest/globals';
import { withDefaults } from '../../../src/api/index.ts';

describe('defaults of the schema', () => {
  it('fill in what is not set, also when there is no spec', () => {
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

  it('leave what is set, and fill in beside it', () => {
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

  it('do not make an object that has none of its own', () => {
    expect(withDefaults({ kind: 'VPC', spec: {} })).toEqual({ kind: 'VPC', spec: { defaults: 'Create' } });
    const gateway = { externalGateway: { externalNetworkRef: { name: 'internet' } } };
    expect(withDefaults({ kind: 'VPC', spec: gateway })).toMatchObject({
      spec: { externalGateway: { snat: 'Enabled' } },
    });
  });

  it('change neither the argument nor other kinds', () => {
    const vpc = Object.freeze({ kind: 'VPC', spec: Object.freeze({}) });
    withDefaults(vpc);
    expect(vpc).toEqual({ kind: 'VPC', spec: {} });
    const namespace = { kind: 'Namespace' };
    expect(withDefaults(namespace)).toBe(namespace);
    expect(withDefaults({ kind: 'toString' })).toEqual({ kind: 'toString' });
  });

  it('are not shared between objects', () => {
    const [a, b] = [withDefaults({ kind: 'Port' }), withDefaults({ kind: 'Port' })] as {
      spec?: { subnetRef: object };
    }[];
    expect(a?.spec?.subnetRef).not.toBe(b?.spec?.subnetRef);
  });
});
