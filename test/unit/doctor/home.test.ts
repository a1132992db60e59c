import { expect, it } from '@jest/globals';
import { evaluateHome } from '../../../src/doctor/home.ts';

const east = 'c0000000-0000-4000-8000-000000000001';
const west = 'c0000000-0000-4000-8000-000000000002';
const settings = { cluster: 'default', adopt: undefined };

it('doctor accepts rows of this Kubernetes cluster, and a database that no operator has used', () => {
  expect(evaluateHome(east, { home: east, epoch: '1/a' }, settings)).toMatchObject({ outcome: 'ok' });
  expect(evaluateHome(east, { home: undefined, epoch: undefined }, settings)).toMatchObject({
    outcome: 'ok',
  });
});

it('doctor reports rows of another Kubernetes cluster, with the value of adopt', () => {
  expect(evaluateHome(east, { home: west, epoch: '1/a' }, settings)).toMatchObject({
    outcome: 'problem',
    found: expect.stringContaining(west),
    remedy: expect.stringContaining(`adopt: ${west}`),
  });
});

it('doctor warns about an epoch without a record, and about a forgotten adopt', () => {
  expect(evaluateHome(east, { home: undefined, epoch: '1/a' }, settings)).toMatchObject({
    outcome: 'warning',
  });
  expect(evaluateHome(east, { home: east, epoch: '1/a' }, { ...settings, adopt: west })).toMatchObject({
    outcome: 'warning',
    remedy: expect.stringContaining('Remove'),
  });
});
