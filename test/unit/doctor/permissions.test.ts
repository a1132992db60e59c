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
    { leaseNamespace: 'network-system', reviewsTokens: true },
  );
  expect(finding).toMatchObject({
    outcome: 'problem',
    found:
      'This user lacks permissions of the operator: patch ports.network.plasmavmc.io/status, update leases.coordination.k8s.io in network-system.',
  });
});

it('checkPermissions accepts a user with all permissions, and checks neither the Lease nor reviews if the settings do not need them', async () => {
  const asked: Permission[] = [];
  const settings = { leaseNamespace: undefined, reviewsTokens: false };
  const finding = await checkPermissions(
    serverThat((permission) => asked.push(permission) > 0),
    settings,
  );
  expect(finding.outcome).toBe('ok');
  expect(asked).toEqual(neededPermissions(settings));
  for (const unneeded of ['leases', 'tokenreviews', 'subjectaccessreviews'])
    expect(asked.map(({ resource }) => resource)).not.toContain(unneeded);
});

it('neededPermissions contains no wildcards and no Secrets', () => {
  const text = JSON.stringify(neededPermissions({ leaseNamespace: 'here', reviewsTokens: true }));
  expect(text).not.toMatch(/\*|secrets/);
});
