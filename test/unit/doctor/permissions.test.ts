import { expect, it } from '@jest/globals';
import { checkPermissions } from '../../../src/doctor/kubernetes.ts';
import { neededPermissions, type Permission } from '../../../src/doctor/index.ts';
import type { RestClient } from '../../../src/reconcile/index.ts';

/** An API server that allows the permissions for which `isAllowed` returns true. */
const serverThat = (isAllowed: (permission: Permission) => boolean): Pick<RestClient, 'create'> => ({
  create: (_type, { spec }) => {
    const { resourceAttributes } = spec as { resourceAttributes: Permission };
    return Promise.resolve({ status: { allowed: isAllowed(resourceAttributes) } } as never);
  },
});

it('checkPermissions checks each permission and names the denied permissions', async () => {
  const denied = ({ resource, subresource, verb }: Permission): boolean =>
    (resource === 'ports' && subresource === 'status') || (resource === 'leases' && verb === 'update');
  const finding = await checkPermissions(
    serverThat((permission) => !denied(permission)),
    'network-system',
  );
  expect(finding).toMatchObject({
    outcome: 'problem',
    found:
      'This user lacks permissions of the operator: patch ports.network.plasmavmc.io/status, update leases.coordination.k8s.io in network-system.',
  });
});

it('checkPermissions accepts a user with all permissions, and does not check the Lease without leader election', async () => {
  const asked: Permission[] = [];
  const finding = await checkPermissions(
    serverThat((permission) => asked.push(permission) > 0),
    undefined,
  );
  expect(finding.outcome).toBe('ok');
  expect(asked).toEqual(neededPermissions(undefined));
  expect(asked.map(({ resource }) => resource)).not.toContain('leases');
});

it('neededPermissions contains no wildcards and no Secrets', () => {
  const text = JSON.stringify(neededPermissions('here'));
  expect(text).not.toMatch(/\*|secrets/);
});
