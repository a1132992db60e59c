import { expect, it } from '@jest/globals';
import { judgeLag } from '../../../src/doctor/ovn.ts';

it('says how fast OVN follows, and who is slowest', () => {
  const hosts = [
    { name: 'a', ms: 20.4 },
    { name: 'b', ms: 310 },
  ];
  expect(judgeLag({ northdMs: 11.6, hosts }, 10_000)).toEqual({
    check: 'Lag',
    outcome: 'ok',
    found: 'ovn-northd followed in 12 ms; the slowest host, b, in 310 ms.',
  });
});

it('names hosts that did not answer: networks there are not as they should be', () => {
  const hosts = [
    { name: 'a', ms: 20 },
    { name: 'b', ms: undefined },
  ];
  expect(judgeLag({ northdMs: 12, hosts }, 10_000)).toMatchObject({
    outcome: 'warning',
    found:
      'ovn-northd followed in 12 ms; the slowest host, a, in 20 ms; 1 of 2 hosts did not within 10 s: b.',
    remedy: expect.stringContaining('ovn-controller'),
  });
});

it('blames no host for an ovn-northd that does not follow', () => {
  expect(judgeLag({ northdMs: undefined, hosts: [{ name: 'a', ms: undefined }] }, 10_000)).toMatchObject({
    outcome: 'problem',
    found: 'ovn-northd did not follow within 10 s, so no host could.',
  });
});
