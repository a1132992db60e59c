import { describe, expect, it } from '@jest/globals';
import { messageFor, type Reason, reasonOf, reasons } from '../../../src/api/index.ts';

describe('the catalogue of reasons', () => {
  it.each<[string, Reason]>([
    ['INVALID_CIDR', 'InvalidCIDR'],
    ['CIDR_OVERLAP', 'CIDROverlap'],
    ['SUBNET_OUTSIDE_VPC', 'SubnetOutsideVPC'],
    ['IP_OUTSIDE_SUBNET', 'IPOutsideSubnet'],
    ['IP_ALREADY_ALLOCATED', 'IPAlreadyAllocated'],
    ['OVN_CONNECTION_FAILED', 'OVNConnectionFailed'],
    ['SECURITY_GROUP_NOT_FOUND', 'SecurityGroupNotFound'],
    ['PORT_ALREADY_ATTACHED', 'PortAlreadyAttached'],
  ])('has %s as %s', (code, reason) => {
    expect(reasonOf(code)).toBe(reason);
    expect(messageFor(reason, 'because.')).toBe(`${code}: because.`);
  });

  it('has the reasons without a code, whose messages are sentences alone', () => {
    for (const reason of [
      'PoolExhausted',
      'MACConflict',
      'SubnetNotFound',
      'SubnetNotReady',
      'VPCNotFound',
      'VPCAlreadyExists',
      'ExternalNetworkNotAllowed',
      'NatConflict',
      'PendingPeer',
      'InUse',
      'InvalidRule',
      'TooManyRules',
    ] as const) {
      expect(messageFor(reason, 'because.')).toBe('because.');
    }
  });

  it('knows no other code', () => {
    expect(reasonOf('NO_SUCH_CODE')).toBeUndefined();
    expect(reasonOf('constructor')).toBeUndefined();
  });

  it.each(Object.entries(reasons))('explains %s in sentences', (reason, { when, remedy }) => {
    expect(reason).toMatch(/^[A-Z][A-Za-z]*$/);
    expect(when).toMatch(/^[A-Z].*\.$/);
    if (remedy !== undefined) expect(remedy).toMatch(/^[A-Z].*\.$/);
  });

  it('gives each code to one reason', () => {
    const codes = Object.values(reasons).flatMap(({ code }) => code ?? []);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
