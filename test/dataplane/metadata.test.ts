import { beforeAll, describe, expect, it } from '@jest/globals';
import { deleteVm, moveVm, Namespace, namespacesOf, run, AgentProcess } from '../../src/dev/lab/index.ts';
import { ORGANIZATION_LABEL } from '../../src/api/tenancy.ts';
import { daemonEnvironment } from '../../src/dev/ovn/daemon.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { askHttp, type HttpOptions } from '../support/dataplane/http.ts';

const service = '169.254.169.254';

/** A project with the metadata service. Its network has the same addresses as the networks of other projects. */
const project = (namespace: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main, namespace: ${namespace} }
spec: { cidr: 10.40.0.0/16 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: net, namespace: ${namespace} }
spec: { cidr: 10.40.1.0/24, metadata: Enabled }
`;

const port = (namespace: string, name: string, spec: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: ${name}, namespace: ${namespace} }
spec: { subnetRef: { name: net }, ${spec} }
`;

const userData = '#!/bin/sh\necho "Grüße aus red"\n';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVtcHR5a2V5ZW1wdHlrZXllbXB0eWtleQ ops@red';

describeLab(
  'the metadata service',
  (lab) => {
    let red: Guest;
    let blue: Guest;
    let honest: Guest;
    let impostor: Guest;

    const get = async (guest: Guest, path: string, options?: HttpOptions) =>
      askHttp(guest, service, path, options);
    /** Waits until the service answers a path with 200; resolves with the body. */
    const bodyOf = (guest: Guest, path: string): Promise<string> =>
      lab().eventually(async () => {
        const answer = await get(guest, path);
        expect(answer).toMatchObject({ status: 200 });
        return answer!.body;
      });
    const [EC2, OPENSTACK] = ['/latest/meta-data', '/openstack/latest'];

    const agentOf = (hypervisor: 1 | 2): AgentProcess => lab().agents[hypervisor - 1]!;
    const servedOn = (hypervisor: 1 | 2): string[] => {
      const { namespacePrefix } = agentOf(hypervisor);
      return namespacesOf(namespacePrefix)
        .map((name) => name.slice(namespacePrefix.length))
        .sort();
    };
    const subnetOf = async (namespace: string): Promise<string> =>
      (await lab().get('Subnet', `${namespace}/net`)).metadata.uid;
    const vsctlOn = (hypervisor: 1 | 2, ...args: readonly string[]): Promise<string> => {
      const { database, dir } = agentOf(hypervisor).hypervisor;
      return run(['ovs-vsctl', `--db=${database}`, ...args], { env: daemonEnvironment(dir) });
    };
    /** The devices on the integration bridge that connect namespaces of the service. */
    const devicesOn = async (hypervisor: 1 | 2): Promise<readonly string[]> =>
      (await vsctlOn(hypervisor, 'list-ports', 'br-int')).split('\n').filter((name) => name.startsWith('md'));

    beforeAll(async () => {
      for (const name of ['red', 'blue']) await lab().namespace(name, { [ORGANIZATION_LABEL]: name });
      await lab().apply(
        ...['red', 'blue'].map(project),
        `
apiVersion: v1
kind: Secret
metadata: { name: web-init, namespace: red }
data:
  user-data: ${Buffer.from(userData).toString('base64')}
  ssh-authorized-keys: ${Buffer.from(`# team\n${key}\n`).toString('base64')}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: web-init, namespace: blue }
data: { user-data: "#cloud-config\\nhostname: blue\\n" }
`,
        port('red', 'web', 'ipAddress: 10.40.1.10, metadata: { sourceRef: { name: web-init } }'),
        port(
          'blue',
          'web',
          'ipAddress: 10.40.1.10, metadata: { hostname: web.blue.example, sourceRef: { kind: ConfigMap, name: web-init } }',
        ),
        port('red', 'honest', 'ipAddress: 10.40.1.20'),
        port('red', 'impostor', 'ipAddress: 10.40.1.30, spoofingProtection: Disabled'),
      );
      [red, blue, honest, impostor] = await lab().guests(
        { name: 'red-web', port: 'web', namespace: 'red', on: 1 },
        { name: 'blue-web', port: 'web', namespace: 'blue', on: 1 },
        { name: 'honest', namespace: 'red', on: 1 },
        { name: 'impostor', namespace: 'red', on: 1 },
      );
      for (const guest of [red, blue, honest, impostor]) await bodyOf(guest, '/');
    }, 90_000);

    it('is reachable on the link of VMs that use DHCP', async () => {
      expect(red.state.lease?.routes).toContainEqual({ destination: `${service}/32`, gateway: '0.0.0.0' });
      expect(await red.run('ip', 'route', 'get', service)).toMatch(/^169\.254\.169\.254 dev eth0 /);
    });

    it('serves the metadata of a VM in the format of EC2', async () => {
      const documents = ['instance-id', 'hostname', 'local-ipv4', 'mac', 'public-keys/0/openssh-key'];
      const bodies = await Promise.all(documents.map((name) => bodyOf(red, `${EC2}/${name}`)));
      expect(bodies).toEqual(['red-web', 'red-web', '10.40.1.10', red.mac, key]);
      expect(await bodyOf(red, '/latest/user-data')).toBe(userData);
    });

    it('serves the metadata of a VM in the format of OpenStack', async () => {
      expect(JSON.parse(await bodyOf(red, `${OPENSTACK}/meta_data.json`))).toMatchObject({
        uuid: 'red-web',
        hostname: 'red-web',
        public_keys: { 'key-0': key },
      });
      expect(JSON.parse(await bodyOf(red, `${OPENSTACK}/network_data.json`))).toMatchObject({
        links: [{ ethernet_mac_address: red.mac, mtu: 1442 }],
      });
      expect(await bodyOf(red, `${OPENSTACK}/user_data`)).toBe(userData);
    });

    it('issues tokens that are valid for one VM only', async () => {
      const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
      const token = await get(red, '/latest/api/token', { method: 'PUT', headers });
      expect(token).toMatchObject({ status: 200 });
      const withToken = { headers: { 'x-aws-ec2-metadata-token': token!.body } };
      expect(await get(red, `${EC2}/instance-id`, withToken)).toMatchObject({ status: 200 });
      expect(await get(honest, `${EC2}/instance-id`, withToken)).toMatchObject({ status: 401 });
    });

    it('serves two VMs with the same address in two projects their own metadata', async () => {
      expect([red.address, blue.address]).toEqual(['10.40.1.10', '10.40.1.10']);
      expect(await bodyOf(blue, `${EC2}/instance-id`)).toBe('blue-web');
      expect(await bodyOf(blue, `${EC2}/hostname`)).toBe('web.blue.example');
      expect(await bodyOf(blue, `${EC2}/mac`)).toBe(blue.mac);
      expect(await bodyOf(blue, '/latest/user-data')).toBe('#cloud-config\nhostname: blue\n');
      expect(await get(blue, `${EC2}/public-keys/`)).toMatchObject({ status: 404 });
    });

    it('serves only the identity when the Port has no metadata', async () => {
      expect(await bodyOf(honest, `${EC2}/instance-id`)).toBe('honest');
      expect(await get(honest, '/latest/user-data')).toMatchObject({ status: 404 });
    });

    it('ignores headers that claim another client', async () => {
      const headers = Object.fromEntries(
        ['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-instance-id'].map((name) => [name, red.address]),
      );
      expect(await get(honest, `${EC2}/instance-id`, { headers })).toEqual({ status: 200, body: 'honest' });
    });

    describe("with a request from a neighbour's address", () => {
      const asNeighbour = async (guest: Guest) => {
        await guest.run('ip', 'address', 'add', `${red.address}/32`, 'dev', 'eth0');
        try {
          return await get(guest, '/latest/user-data', { from: red.address, seconds: 2 });
        } finally {
          await guest.run('ip', 'address', 'del', `${red.address}/32`, 'dev', 'eth0');
        }
      };

      it('receives nothing when spoofing protection is enabled', async () => {
        expect(await asNeighbour(honest)).toBeUndefined();
      });

      it('sends the answer to the neighbour when spoofing protection is disabled', async () => {
        // The impostor first announces the address by ARP. The service uses only the addresses in OVN.
        await impostor.run('ip', 'address', 'add', `${red.address}/32`, 'dev', 'lo');
        for (const claim of ['-A', '-U'])
          await impostor.attempt([
            ...['arping', claim, '-c', '1', '-w', '1', '-I', 'eth0', '-s', red.address, service],
          ]);
        await impostor.run('ip', 'address', 'del', `${red.address}/32`, 'dev', 'lo');
        expect(await asNeighbour(impostor)).toBeUndefined();
        expect(await bodyOf(impostor, `${EC2}/instance-id`)).toBe('impostor');
      });

      it('does not answer an address that no Port has', async () => {
        await impostor.run('ip', 'address', 'add', '10.40.1.99/32', 'dev', 'eth0');
        expect(await get(impostor, `${EC2}/instance-id`, { from: '10.40.1.99', seconds: 2 })).toBeUndefined();
        await impostor.run('ip', 'address', 'del', '10.40.1.99/32', 'dev', 'eth0');
      });
    });

    it('serves changed data without a restart', async () => {
      await lab().apply(`
apiVersion: v1
kind: Secret
metadata: { name: web-init, namespace: red }
data: { user-data: ${Buffer.from('changed').toString('base64')} }
`);
      await lab().eventually(async () =>
        expect(await get(red, '/latest/user-data')).toMatchObject({ body: 'changed' }),
      );
    });

    it('serves a VM that moved to another hypervisor, and removes the VM from the source', async () => {
      expect(servedOn(2)).toEqual([]);
      await moveVm(lab().access, { name: 'red-web', hypervisor: 2 });
      expect(await bodyOf(red, `${EC2}/instance-id`)).toBe('red-web');
      const subnet = await subnetOf('red');
      expect(servedOn(2)).toEqual([subnet]);
      const former = new Namespace(`${agentOf(1).namespacePrefix}${subnet}`);
      await lab().eventually(async () =>
        expect(await former.run(['ip', 'neighbour'])).not.toContain(red.address),
      );
      expect(await former.run(['ip', 'neighbour'])).toContain(honest.address);
    }, 60_000);

    it('does not answer a VM whose Port is deleted', async () => {
      const gone = await lab().guest({ name: 'gone', namespace: 'red', subnet: 'net', on: 2 });
      expect(await bodyOf(gone, `${EC2}/instance-id`)).toBe('gone');
      await lab().delete('Port', 'red/gone');
      await lab().stops(async () => (await get(gone, `${EC2}/instance-id`, { seconds: 1 }))?.status === 200);
    });

    it('delays requests while its agent restarts, and refuses none', async () => {
      const agent = agentOf(2);
      expect(await agent.stop()).toBe(0);
      expect(servedOn(2)).toEqual([await subnetOf('red')]);
      const asked = get(red, `${EC2}/instance-id`, { seconds: 25 });
      await lab().eventually(async () =>
        expect(await red.run('cat', '/proc/net/tcp')).toMatch(/ FEA9FEA9:0050 02 /),
      );
      agent.start();
      expect(await asked).toEqual({ status: 200, body: 'red-web' });
    }, 60_000);

    it('works again after a crash and restart of its agent, which removes unused namespaces', async () => {
      const agent = agentOf(1);
      const [redSubnet, blueSubnet] = await Promise.all([subnetOf('red'), subnetOf('blue')]);
      expect(servedOn(1)).toEqual([redSubnet, blueSubnet].sort());
      await agent.kill();
      expect(servedOn(1)).toEqual([redSubnet, blueSubnet].sort());
      await deleteVm(lab().access, 'blue-web');
      agent.start();
      expect(await bodyOf(honest, `${EC2}/instance-id`)).toBe('honest');
      await lab().eventually(() => expect(servedOn(1)).toEqual([redSubnet]));
      await lab().eventually(async () => expect(await devicesOn(1)).toHaveLength(1));
    }, 60_000);

    it('repairs a device that was removed from the integration bridge', async () => {
      const devices = await devicesOn(1);
      expect(devices).toHaveLength(1);
      await vsctlOn(1, 'del-port', 'br-int', devices[0]!);
      await lab().eventually(async () => expect(await devicesOn(1)).toEqual(devices));
      expect(await bodyOf(honest, `${EC2}/instance-id`)).toBe('honest');
    });

    it('serves its health and its request metrics on its hypervisor', async () => {
      const host = new Namespace(agentOf(1).hypervisor.namespace);
      const from = (path: string) => askHttp(host, '127.0.0.1', path, { port: 8081 });
      await lab().eventually(async () =>
        expect(await from('/ready')).toEqual({
          status: 200,
          body: '{"open-vswitch":"ok","ovn-southbound":"ok","networks":"ok"}\n',
        }),
      );
      const metrics = (await from('/metrics'))?.body ?? '';
      expect(metrics).toContain('\noverlay_network_metadata_networks 1\n');
      expect(metrics).toMatch(/\noverlay_network_metadata_requests_total\{code="200"\} [1-9]/);
    });

    it('logs no warnings except for requests from unknown clients', () => {
      const lines = lab().agents.flatMap((agent) => agent.log().trim().split('\n'));
      const complaints = lines
        .map((line) => JSON.parse(line) as { level: string; message: string })
        .filter(({ level }) => level === 'warn' || level === 'error');
      const refused = 'refused a request: the sender is not a known Port';
      expect(complaints.filter(({ message }) => message !== refused)).toEqual([]);
      expect(lines.join('\n')).not.toContain('Grüße');
    });

    it('runs once per hypervisor: a second agent waits until the first has exited', async () => {
      const [first, second] = [
        agentOf(1),
        new AgentProcess(agentOf(1).hypervisor, lab().lab, { listenAddr: '0' }),
      ];
      second.start();
      await lab().eventually(() => expect(first.log()).toContain('EADDRINUSE'));
      expect(await bodyOf(honest, `${EC2}/instance-id`)).toBe('honest');
      expect(await first.stop()).toBe(0);
      expect(await bodyOf(honest, `${EC2}/instance-id`)).toBe('honest');
      expect(await second.stop()).toBe(0);
    }, 60_000);

    it('leaves nothing on a hypervisor after `metadata-agent remove`', async () => {
      for (const agent of lab().agents) {
        expect(await agent.stop()).toBe(0);
        await agent.remove();
      }
      expect([...servedOn(1), ...servedOn(2)]).toEqual([]);
      expect([...(await devicesOn(1)), ...(await devicesOn(2))]).toEqual([]);
    });
  },
  { metadata: true },
);
