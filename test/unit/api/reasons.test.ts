import { describe, expect, it } from '@jest/globals';
import { condition, type Reason, reasons } from '../../../src/api/index.ts';

const messageFor = (reason: Reason): string => condition('Ready', 'False', reason, 'because.').message;

describe('the catalogue of reasons', () => {
  it.each<[string, Reason]>([
    ['INVALID_CIDR', 'InvalidCIDR'],
    ['CIDR_OVERLAP', 'CIDROverlap'],
    ['SUBNET_OUTSIDE_VPC', 'SubnetOutsideVPC'],
    ['IP_OUTSIDE_SUBNET', 'IPOutsideSubnet'],
    ['IP_RESERVED', 'IPReserved'],
    ['IP_ALREADY_ALLOCATED', 'IPAlreadyAllocated'],
    ['OVN_CONNECTION_FAILED', 'OVNConnectionFailed'],
    ['SECURITY_GROUP_NOT_FOUND', 'SecurityGroupNotFound'],
    ['PORT_ALREADY_ATTACHED', 'PortAlreadyAttached'],
  ])('has the error code %s for the reason %s', (code, reason) => {
    expect(reasons[reason].code).toBe(code);
    expect(messageFor(reason)).toBe(`${code}: because.`);
  });

  it('has no error code for other reasons', () => {
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
      expect(messageFor(reason)).toBe('because.');
    }
  });

  it.each(Object.entries(reasons))('explains the reason %s in sentences', (reason, { when, remedy }) => {
    expect(reason).toMatch(/^[A-Z][A-Za-z]*$/);
    expect(when).toMatch(/^[A-Z].*\.$/);
    if (remedy !== undefined) expect(remedy).toMatch(/^[A-Z].*\.$/);
  });

  it.each(Object.entries(reasons).filter(([, { about }]) => about !== undefined))(
    'says what to do about the reason %s',
    (_reason, { remedy }) => {
      expect(remedy).toBeDefined();
    },
  );

  // An object that waits becomes Ready without a decision of a user. GitOps tools show it as in progress.
  const waiting: readonly Reason[] = ['QuotaExceeded', 'NamespaceNotRead', 'PoolExhausted', 'InUse'];

  it.each(Object.entries(reasons))(
    'lets %s stall the object if only a change by a user ends the problem',
    (reason, { about, stalls }) => {
      expect(stalls === true).toBe(about === 'object' && !waiting.includes(reason as Reason));
    },
  );

  it('has each error code only once', () => {
    const codes = Object.values(reasons).flatMap(({ code }) => code ?? []);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
