import { beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { askHttp } from '../support/dataplane/http.ts';

const example = readFileSync(join(import.meta.dirname, '../../examples/metadata.yaml'), 'utf8');

/** A Port whose group admits all incoming and no outgoing traffic. */
const closed = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: closed, namespace: metadata }
spec: { ingress: [{ protocol: All }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: closed, namespace: metadata }
spec: { subnetRef: { name: apps }, securityGroupRefs: [{ name: closed }] }
`;

describeLab(
  'examples/metadata.yaml',
  (lab) => {
    let first: Guest;
    let second: Guest;
    let silent: Guest;

    const ask = (guest: Guest, path: string, seconds?: number) =>
      askHttp(guest, '169.254.169.254', path, seconds === undefined ? {} : { seconds });

    beforeAll(async () => {
      await lab().apply(example, closed);
      const namespace = 'metadata';
      [first, second, silent] = await lab().guests(
        // The VM to which the example attaches the Port.
        { name: 'vm-4711', port: 'app-1', namespace },
        { name: 'app-2', namespace },
        { name: 'closed', namespace },
      );
      for (const guest of [first, second])
        await lab().eventually(async () => expect(await ask(guest, '/')).toMatchObject({ status: 200 }));
    }, 90_000);

    it('serves a VM its name, its keys and its user data', async () => {
      expect(await ask(first, '/latest/meta-data/instance-id')).toMatchObject({ body: 'vm-4711' });
      expect(await ask(first, '/latest/meta-data/hostname')).toMatchObject({ body: 'app-1.example.com' });
      expect(await ask(first, '/latest/meta-data/public-keys/0/openssh-key')).toMatchObject({
        body: expect.stringMatching(/^ssh-ed25519 \S+ alice@example\.com$/),
      });
      expect(await ask(first, '/openstack/latest/user_data')).toMatchObject({
        status: 200,
        body: expect.stringMatching(/^#cloud-config\nwrite_files:/),
      });
    });

    it('serves a VM without a Secret its name only', async () => {
      expect(await ask(second, '/latest/meta-data/hostname')).toMatchObject({ body: 'app-2' });
      expect(await ask(second, '/latest/user-data')).toMatchObject({ status: 404 });
    });

    it('serves nothing to a VM whose security groups allow no outgoing traffic', async () => {
      expect(await ask(silent, '/latest/meta-data/instance-id', 2)).toBeUndefined();
    });
  },
  { metadata: true, hypervisors: 1 },
);
