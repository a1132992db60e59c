import { expect, it } from '@jest/globals';
import { checkPermissions } from '../../../src/doctor/kubernetes.ts';
import { neededPermissions, type Permission } from '../../../src/doctor/index.ts';
import type { RestClient } from '../../../src/reconcile/index.ts';

/** An API server that allows what `isAllowed` does. */
const serverThat = (isAllowed: (permission: Permission) => boolean): Pick<RestClient, 'create'> => ({
  create: (_type, { spec }) => {
    const { resourceAttributes } = spec as { resourceAttributes: Permission };
    return Promise.resolve({ status: { allowed: isAllowed(resourceAttributes) } } as never);
  },
});

it('asks for each permission by itself, and names those that are denied', async () => {
  const denied = ({ resource, subresource, verb }: Permission): boolean =>
    (resource === 'ports' && subresource === 'status') || (resource === 'leases' && verb === 'update');
  const finding = await checkPermissions(
    serverThat((permission) => !denied(permission)),
    'network-system',
  );
  expect(finding).toMatchObject({
    outcome: 'problem',
    found:
      'Denied: patch ports.network.plasmavmc.io/status, update leases.coordination.k8s.io in network-system.',
  });
});

it('is content when all are given, and asks for no Lease where no leader is elected', async () => {
  const asked: Permission[] = [];
  const finding = await checkPermissions(
    serverThat((permission) => asked.push(permission) > 0),
    undefined,
  );
  expect(finding.outcome).toBe('ok');
  expect(asked).toEqual(neededPermissions(undefined));
  expect(asked.map(({ resource }) => resource)).not.toContain('leases');
});

it('needs nothing by wildcard, and no Secrets', () => {
  const text = JSON.stringify(neededPermissions('here'));
  expect(text).not.toMatch(/\*|secrets/);
});
