import { expect, it } from '@jest/globals';
import { evaluateLag } from '../../../src/doctor/ovn.ts';

it('doctor reports the lag of ovn-northd and of the slowest host', () => {
  const hosts = [
    { name: 'a', ms: 20.4 },
    { name: 'b', ms: 310 },
  ];
  expect(evaluateLag({ northdMs: 11.6, hosts }, 10_000)).toEqual({
    check: 'Lag',
    outcome: 'ok',
    found: 'ovn-northd applied the change in 12 ms, the slowest host (b) in 310 ms.',
  });
});

it('doctor names the hosts that did not apply the change', () => {
  const hosts = [
    { name: 'a', ms: 20 },
    { name: 'b', ms: undefined },
  ];
  expect(evaluateLag({ northdMs: 12, hosts }, 10_000)).toMatchObject({
    outcome: 'warning',
    found:
      'ovn-northd applied the change in 12 ms, the slowest host (a) in 20 ms; 1 of 2 hosts did not apply it within 10 s: b.',
    remedy: expect.stringContaining('ovn-controller'),
  });
});

it('doctor reports no host when ovn-northd did not apply the change', () => {
  expect(evaluateLag({ northdMs: undefined, hosts: [{ name: 'a', ms: undefined }] }, 10_000)).toMatchObject({
    outcome: 'problem',
    found: 'ovn-northd did not apply the change within 10 s, so the hosts could not apply it either.',
  });
});
