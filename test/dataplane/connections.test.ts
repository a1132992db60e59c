import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

const group = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'network.plasmavmc.io/v1alpha1',
    kind: 'SecurityGroup',
    metadata: { name },
    spec,
  });
const port = (name: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name} }
spec: { securityGroupRefs: [{ name: ${name} }] }
`;
const echo = { protocol: 'TCP', ports: { min: 7 } };
const other = { protocol: 'TCP', ports: { min: 9 } };

describeLab('connections with security groups', (lab) => {
  let server: Guest;
  let client: Guest;

  beforeAll(async () => {
    await lab().apply(
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.4.0.0/16 }
`,
      group('server', { ingress: [echo] }),
      group('client', { egress: [{ protocol: 'All' }] }),
      port('server'),
      port('client'),
    );
    [server, client] = await lab().guests({ name: 'server', on: 1 }, { name: 'client', on: 2 });
    // An echo server.
    await server.run('sh', '-c', 'busybox nc -ll -p 7 -e cat >/dev/null 2>&1 </dev/null &');
    await lab().eventually(async () => expect(await client.connects(server.address, 7)).toBe(true));
  }, 60_000);

  const answers = (): number => statSync(join(lab().cluster.dir, 'answers')).size;
  /** Waits until some more lines are answered. */
  const continues = async (): Promise<void> => {
    const before = answers();
    await lab().eventually(() => answers() >= before + 6);
  };
  /** Whether no line is answered during five pings to another address, which take as long as five lines. */
  const isSilent = async (): Promise<boolean> => {
    const before = answers();
    await client.ping('10.4.255.1', { count: 5, intervalMs: 300 });
    return answers() === before;
  };

  it('stop when the rule that admitted them is removed, and continue when the rule returns', async () => {
    const talk =
      '{ while :; do echo x; sleep 0.3; done | busybox nc "$1" 7 >"$2"; } >/dev/null 2>&1 </dev/null &';
    await client.run('sh', '-c', talk, 'sh', server.address, join(lab().cluster.dir, 'answers'));
    await lab().eventually(continues);
    await lab().apply(group('server', { ingress: [other] }));
    await lab().eventually(isSilent);
    expect(await isSilent()).toBe(true);
    await lab().apply(group('server', { ingress: [echo] }));
    // No `eventually`: TCP retransmits at intervals of its own.
    await continues();
  }, 120_000);

  it('continue when other rules change', async () => {
    await lab().apply(group('server', { ingress: [other, echo], egress: [other] }));
    await lab().eventually(async () => {
      expect((await lab().get('SecurityGroup', 'server')).status).toMatchObject({ ruleCount: 3 });
    });
    await lab().cluster.ovn.nbctl('--wait=hv', '--timeout=60', 'sync');
    await continues();
  }, 120_000);

  it('need rules for both directions when the group is stateless', async () => {
    await lab().apply(group('server', { stateful: 'Disabled', ingress: [echo], egress: [] }));
    await lab().stops(() => client.connects(server.address, 7));
    await lab().apply(
      group('server', { stateful: 'Disabled', ingress: [echo], egress: [{ protocol: 'TCP' }] }),
    );
    await lab().eventually(async () => expect(await client.connects(server.address, 7)).toBe(true));
  }, 60_000);
});

describeLab('connections of Ports with trafficFiltering Disabled', (lab) => {
  const unfiltered = (name: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, labels: { role: ${name} } }
spec: { trafficFiltering: Disabled, subnetRef: { name: a }, securityGroupRefs: [] }
`;

  it('pass a TrafficPolicy that lists them, with their answers', async () => {
    await lab().apply(
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.6.0.0/16, defaults: None }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: a }
spec: { cidr: 10.6.1.0/24 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: TrafficPolicy
metadata: { name: rail }
spec:
  appliesTo: { portSelector: { matchLabels: { role: server } } }
  ingress: [{ protocol: TCP, ports: { min: 80 } }]
  egress: []
`,
      unfiltered('server'),
      unfiltered('client'),
    );
    const [server, client] = await lab().guests({ name: 'server', on: 1 }, { name: 'client', on: 2 });
    await Promise.all([server.serveHttp(80, 81), client.serveHttp(80)]);
    await lab().eventually(async () => expect(await client.connects(server.address, 80)).toBe(true));
    expect(await client.connects(server.address, 81)).toBe(false);
    expect(await server.connects(client.address, 80)).toBe(false);
    expect((await client.ping(server.address)).received).toBe(0);
  }, 90_000);
});
