import { beforeAll, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

const web = (...ports: readonly number[]): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: web }
spec:
  ingress: [${ports.map((port) => `{ name: p${port}, protocol: TCP, ports: { min: ${port} } }`).join(', ')}]
`;

describeLab('security groups', (lab) => {
  let server: Guest;
  let client: Guest;
  let closed: Guest;

  beforeAll(async () => {
    await lab().apply(
      `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.3.0.0/16 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: server }
spec: { securityGroupRefs: [{ name: web }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: closed }
spec: { securityGroupRefs: [] }
`,
      web(80),
    );
    [server, client, closed] = await lab().guests(
      { name: 'server', on: 1 },
      { name: 'client', on: 2 },
      { name: 'closed', on: 2 },
    );
    await Promise.all([server.serveHttp(80, 81), closed.serveHttp(80)]);
  }, 60_000);

  it('let in what a rule lists, with the answers to it, and drop all else', async () => {
    await lab().eventually(async () => expect(await client.connects(server.address, 80)).toBe(true));
    expect(await client.connects(server.address, 81)).toBe(false);
    expect(await client.ping(server.address)).toMatchObject({ received: 0 });
  });

  it('let out nothing that no rule lists', async () => {
    expect(await server.ping(client.address)).toMatchObject({ received: 0 });
    expect(await server.ping('10.3.255.1')).toMatchObject({ received: 0 });
  });

  it('leave a Port without any group closed, but for DHCP', async () => {
    expect(closed.state.lease?.address).toBe(closed.address);
    expect(await client.connects(closed.address, 80)).toBe(false);
    expect(await closed.connects(server.address, 80)).toBe(false);
  });

  it('follow their rules while machines run', async () => {
    await lab().apply(web(81));
    await lab().eventually(async () => expect(await client.connects(server.address, 81)).toBe(true));
    await lab().eventually(async () => expect(await client.connects(server.address, 80)).toBe(false));
  });
});
