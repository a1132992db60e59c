import { beforeAll, expect, it } from '@jest/globals';
import { resources } from '../../src/api/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

const vpc = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.6.0.0/16, defaults: None }
`;
const port = (name: string, spec: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name} }
spec: { subnetRef: { name: a }, ${spec} }
`;

describeLab('a VM that accepts nothing', (lab) => {
  let sender: Guest;
  let closed: Guest;
  let control: Guest;

  beforeAll(async () => {
    await lab().apply(
      vpc,
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: a }
spec: { cidr: 10.6.1.0/24 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: out }
spec: { egress: [{ protocol: All }] }
`,
      port('sender', 'securityGroupRefs: [{ name: out }]'),
      port('closed', 'securityGroupRefs: []'),
      port('control', 'trafficFiltering: Disabled, securityGroupRefs: []'),
    );
    [sender, closed, control] = await lab().guests(
      { name: 'sender', on: 1 },
      { name: 'closed', on: 2 },
      { name: 'control', on: 2 },
    );
    await lab().eventually(() => sender.reaches(control.address));
  }, 90_000);

  const conditionOf = async (name: string, type: string): Promise<string | undefined> => {
    const { status } = await lab().get('Port', name);
    return status?.conditions?.find((each) => each.type === type)?.reason;
  };

  /** Pings the closed VM, between pings that show that the network works. */
  const expectClosed = async (): Promise<void> => {
    await lab().eventually(() => sender.reaches(control.address));
    const before = await closed.echoesReceived();
    expect(await sender.ping(closed.address, { count: 20, intervalMs: 50 })).toMatchObject({ received: 0 });
    expect((await closed.echoesReceived()) - before).toBe(0);
    await lab().eventually(() => sender.reaches(control.address));
  };

  it('stays closed when a user removes the finalizer of its VPC, and when the user creates the VPC again', async () => {
    await expectClosed();
    await lab().delete('VPC', 'main');
    await lab().client.patchMerge(
      resources.VPC,
      { namespace: 'default', name: 'main' },
      { metadata: { finalizers: null } },
    );
    // The replies during the removal count too.
    const during = await sender.ping(closed.address, { count: 40, intervalMs: 50 });
    expect(during.received).toBe(0);
    await lab().eventually(async () => expect(await conditionOf('closed', 'Ready')).toBe('VPCNotFound'));
    expect(await conditionOf('closed', 'Programmed')).toBe('Pending');
    await expectClosed();
    await lab().apply(vpc);
    await lab().eventually(async () => expect(await conditionOf('closed', 'Ready')).toBe('Ready'));
    await expectClosed();
  }, 90_000);
});
