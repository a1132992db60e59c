import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { API_VERSION, resources } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { within } from '../../support/within.ts';
import { markOf, managedRows } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import { addGatewayChassis } from '../../support/operator/gateways.ts';
import { partner } from '../../support/operator/peered-project.ts';
import { outcomeOf, type TestObject } from '../../support/operator/objects.ts';
import { ovnWarnings } from '../../support/ovn-warnings.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';
import { trace } from '../../support/operator/trace.ts';

/** A host on the external network. Routers have a MAC binding for it. */
const outside = { ip: '203.0.113.1', mac: '00:00:5e:00:53:01' };

const yaml = `${partner}
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: NatRule
metadata: { name: web, namespace: classic }
spec:
  type: DNAT
  protocol: TCP
  externalPort: 8022
  internalPort: 22
  target: { portRef: { name: neighbour } }
`;

const peerings = [
  { namespace: 'partner', peer: 'classic', more: { advertisedCIDRs: ['10.50.1.0/24'] } },
  { namespace: 'classic', peer: 'partner', more: {} },
].map(({ namespace, peer, more }) => ({
  apiVersion: API_VERSION,
  kind: 'VPCPeering',
  metadata: { namespace, name: peer },
  spec: { peer: { namespace: peer }, ...more },
}));

describe.each(targets)('external networks ($name API server)', (target) => {
  let cluster: TestCluster;
  let objects: ReadonlyMap<string, TestObject>;

  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    await addGatewayChassis(cluster.southbound, ['gw1', 'gw2']);
    await cluster.startOperator();
    await cluster.apply(...example('openstack-classic/network.yaml'), yaml, ...peerings);
    objects = await cluster.ready();
    const gatewayPort = gatewayPortOf('classic/router');
    await cluster.ovn.nbctl('--wait=sb', 'sync');
    const router = [
      '--bare',
      '--columns=_uuid',
      'find',
      'Datapath_Binding',
      `external_ids:name=${nameOf('VPC/classic/router')}`,
    ];
    const datapath = (await cluster.ovn.sbctl(...router)).trim();
    const neighbour = [
      `logical_port=${gatewayPort}`,
      `ip=${outside.ip}`,
      `mac="${outside.mac}"`,
      `datapath=${datapath}`,
    ];
    await cluster.ovn.sbctl('create', 'MAC_Binding', ...neighbour);
  }, 90_000);
  afterAll(() => cluster.stop());

  const status = (id: string): Readonly<Record<string, unknown>> => objects.get(id)?.status ?? {};
  const nameOf = (id: string): string => `on_${objects.get(id)!.metadata.uid.replaceAll('-', '_')}`;
  const gatewayPortOf = (vpc: string): string => `${nameOf(`VPC/${vpc}`)}_external`;

  /** Traces a packet from a Port to its router. */
  const leaving = async (
    id: string,
    subnet: string,
    rest: string,
  ): Promise<{ outputs: readonly string[]; text: string }> => {
    const { interfaceID, macAddress, ipAddress } = status(id) as Record<string, string>;
    const columns = [
      '--bare',
      '--columns=mac',
      'find',
      'Logical_Router_Port',
      `name=${nameOf(subnet)}_gateway`,
    ];
    const router = (await cluster.ovn.nbctl(...columns)).trim();
    const packet = `inport == "${interfaceID!}" && eth.src == ${macAddress!} && eth.dst == ${router} && ip.ttl == 64 && ip4.src == ${ipAddress!} && ${rest}`;
    return endOf(await trace(cluster.ovn, nameOf(subnet), packet, { lookups: 10 }));
  };

  /** Traces a packet from outside to the MAC address of the router. */
  const entering = async (rest: string): Promise<{ outputs: readonly string[]; text: string }> => {
    const network = 'ExternalNetwork//classic-external';
    const columns = [
      '--bare',
      '--columns=mac',
      'find',
      'Logical_Router_Port',
      `name=${gatewayPortOf('classic/router')}`,
    ];
    const router = (await cluster.ovn.nbctl(...columns)).trim();
    const packet = `inport == "${nameOf(network)}_localnet" && eth.src == ${outside.mac} && eth.dst == ${router} && ip.ttl == 64 && ip4.src == 198.51.100.9 && ${rest}`;
    return endOf(await trace(cluster.ovn, nameOf(network), packet, { lookups: 10 }));
  };

  /** The output ports without the ports between switches and routers. */
  const endOf = ({ outputs, text }: { outputs: readonly string[]; text: string }) => ({
    outputs: outputs.filter((name) => !/_(router|gateway|peer|external|external_switch)$/.test(name)),
    text,
  });

  const localnet = (): string => `${nameOf('ExternalNetwork//classic-external')}_localnet`;
  const interfaceOf = (id: string): string => status(id)['interfaceID'] as string;

  it('assign .101 to the router and .102 to the floating IP, as the example states', () => {
    expect(status('VPC/classic/router')['gatewayIPs']).toEqual(['203.0.113.101']);
    expect(status('FloatingIP/classic/instance')).toMatchObject({
      address: '203.0.113.102',
      usedBy: ['instance'],
    });
    expect(status('ExternalNetwork//classic-external')['gatewayChassis']).toEqual(['gw1', 'gw2']);
  });

  it('receive packets of a fixed address from the address of the router', async () => {
    const { outputs, text } = await leaving(
      'Port/classic/other',
      'Subnet/classic/selfservice2',
      'ip4.dst == 198.51.100.9 && icmp4.type == 8',
    );
    expect(text).toContain('(ip4.src=203.0.113.101)');
    expect(outputs).toContain(localnet());
  });

  it('receive packets of a VM with a floating IP from the floating IP', async () => {
    const { outputs, text } = await leaving(
      'Port/classic/instance',
      'Subnet/classic/selfservice',
      'ip4.dst == 198.51.100.9 && icmp4.type == 8',
    );
    expect(text).toContain('(ip4.src=203.0.113.102)');
    expect(outputs).toContain(localnet());
  });

  it('reach the VM with the floating IP on ports that its security group allows', async () => {
    const ssh = await entering('ip4.dst == 203.0.113.102 && tcp.dst == 22');
    expect(ssh.outputs).toContain(interfaceOf('Port/classic/instance'));
    const telnet = await entering('ip4.dst == 203.0.113.102 && tcp.dst == 23');
    expect(telnet.outputs).toEqual([]);
  });

  it('reach a forwarded port, and no other port of the address', async () => {
    const forwarded = await entering('ip4.dst == 203.0.113.101 && tcp.dst == 8022');
    expect(forwarded.outputs).toContain(interfaceOf('Port/classic/neighbour'));
    const other = await entering('ip4.dst == 203.0.113.101 && tcp.dst == 22');
    expect(other.outputs).not.toContain(interfaceOf('Port/classic/neighbour'));
  });

  it('are not involved when a VM of the VPC uses a forwarded port', async () => {
    const { outputs } = await leaving(
      'Port/classic/other',
      'Subnet/classic/selfservice2',
      'ip4.dst == 203.0.113.101 && tcp.dst == 8022',
    );
    expect(outputs).toContain(interfaceOf('Port/classic/neighbour'));
  });

  it('are not involved in traffic between Subnets of a VPC', async () => {
    const { outputs, text } = await leaving(
      'Port/classic/other',
      'Subnet/classic/selfservice2',
      'ip4.dst == 192.168.1.12 && icmp4.type == 8',
    );
    expect(outputs).toEqual([interfaceOf('Port/classic/neighbour')]);
    expect(text).not.toContain('(ip4.src=');
  });

  it('are not involved in traffic between advertised networks of peered VPCs', async () => {
    const there = await leaving(
      'Port/classic/other',
      'Subnet/classic/selfservice2',
      'ip4.dst == 10.50.1.11 && icmp4.type == 8',
    );
    expect(there.outputs).toEqual([interfaceOf('Port/partner/app')]);
    expect(there.text).not.toContain('(ip4.src=');
    const back = await leaving(
      'Port/partner/app',
      'Subnet/partner/apps',
      'ip4.dst == 192.168.2.11 && icmp4.type == 8',
    );
    expect(back.outputs).toEqual([interfaceOf('Port/classic/other')]);
  });

  it('do not change that a peer neither reaches nor sends from networks that are not advertised', async () => {
    const out = await leaving(
      'Port/partner/secret',
      'Subnet/partner/private',
      'ip4.dst == 192.168.2.11 && icmp4.type == 8',
    );
    expect(out.outputs).toEqual([]);
    const into = await leaving(
      'Port/classic/other',
      'Subnet/classic/selfservice2',
      'ip4.dst == 10.50.2.11 && icmp4.type == 8',
    );
    expect(into.outputs).not.toContain(interfaceOf('Port/partner/secret'));
  });

  it('keep a peering waiting while a static route has the same destination', async () => {
    const staticRoutes = [{ destination: '10.50.1.0/24', nextHop: '192.168.1.9' }];
    await cluster.edit('VPC', 'classic/router', { spec: { staticRoutes } });
    for (const key of ['classic/partner', 'partner/classic']) {
      await cluster.reason('VPCPeering', key, 'Ready', 'RouteConflict');
    }
    await cluster.edit('VPC', 'classic/router', { spec: { staticRoutes: null } });
    await cluster.ready();
  });

  it('do not change in OVN while the operator restores deleted statuses', async () => {
    const versions = async () =>
      managedRows(await cluster.nb.rows()).map(({ table, uuid, version }) => `${table} ${uuid} ${version}`);
    const fates = async () => [...(await cluster.ready()).values()].map(outcomeOf);
    const [rowsBefore, fatesBefore] = [await versions(), await fates()];
    for (const kind of ['ExternalNetwork', 'VPC', 'Subnet', 'Port', 'FloatingIP'] as const) {
      const wipe = ({ metadata }: KubeObject) =>
        cluster.client.patchMerge(resources[kind], metadata, { status: null }, { subresource: 'status' });
      await Promise.all([...objects.values()].filter((object) => object.kind === kind).map(wipe));
    }
    await cluster.eventually(async () => expect(await fates()).toEqual(fatesBefore));
    expect(await versions()).toEqual(rowsBefore);
  });

  it('place the router on existing chassis, and update the placement when a chassis disappears', async () => {
    const names = async () =>
      managedRows(await cluster.nb.rows())
        .filter(({ table }) => table === 'HA_Chassis')
        .map(({ columns }) => columns['chassis_name'])
        .sort();
    expect(await names()).toEqual(['gw1', 'gw2']);
    await cluster.ovn.sbctl('chassis-del', 'gw1');
    await cluster.eventually(async () => {
      expect(await names()).toEqual(['gw2']);
    });
  });

  it('translate a distributed floating IP on the host of its port while the port is up', async () => {
    await cluster.edit('NatRule', 'classic/instance', { spec: { mode: 'Distributed' } });
    await cluster.ready();
    const nat = async () =>
      managedRows(await cluster.nb.rows()).find(({ columns }) => columns['external_ip'] === '203.0.113.102')
        ?.columns;
    expect((await nat())?.['external_mac']).toEqual([]);
    const lsp = interfaceOf('Port/classic/instance');
    await cluster.ovn.sbctl('lsp-bind', lsp, 'gw2');
    await cluster.ovn.sbctl('set', 'Port_Binding', lsp, 'up=true');
    await cluster.eventually(async () => {
      expect(await nat()).toMatchObject({ logical_port: lsp, external_mac: expect.stringMatching(/^0a:/) });
    });
    await cluster.ovn.sbctl('set', 'Port_Binding', lsp, 'up=false');
    await cluster.eventually(async () => {
      expect((await nat())?.['external_mac']).toEqual([]);
    });
  });

  it('end a peering within a second when either side is deleted', async () => {
    const policies = async () =>
      managedRows(await cluster.nb.rows()).filter(
        (row) =>
          row.table === 'Logical_Router_Policy' && markOf(row, 'owner')?.startsWith('VPCPeering/') === true,
      ).length;
    for (const { metadata } of peerings)
      await within(1000, async () => {
        await cluster.apply(...peerings);
        await cluster.eventually(async () => expect(await policies()).toBeGreaterThan(0));
        const began = performance.now();
        await cluster.delete('VPCPeering', `${metadata.namespace}/${metadata.name}`);
        await cluster.eventually(async () => expect(await policies()).toBe(0));
        return performance.now() - began;
      });
    await cluster.reason('VPCPeering', 'partner/classic', 'Ready', 'PendingPeer');
  });

  it('serve the older of two conflicting NatRules, and the younger after the older is deleted', async () => {
    const again = yaml.slice(yaml.lastIndexOf('apiVersion')).replace('name: web', 'name: again');
    const { metadata } = await cluster.get('NatRule', 'classic/web');
    // Creation timestamps have a resolution of one second, so the second object must be created a second later.
    const nextSecond = Date.parse(metadata.creationTimestamp ?? '') + 1000;
    await cluster.eventually(() => expect(Date.now()).toBeGreaterThan(nextSecond));
    await cluster.apply(again);
    await cluster.reason('NatRule', 'classic/again', 'Ready', 'NatConflict');
    await cluster.delete('NatRule', 'classic/web');
    await cluster.reason('NatRule', 'classic/again', 'Ready', 'Ready');
  });

  it('are detached when the namespace loses the allowing label, and return unchanged with the label', async () => {
    const label = (organization: string) =>
      cluster.apply({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'classic', labels: { 'network.plasmavmc.io/organization': organization } },
      });
    const ofGateways = async () =>
      managedRows(await cluster.nb.rows()).filter(({ table }) =>
        ['NAT', 'HA_Chassis', 'Load_Balancer'].includes(table),
      );
    await label('another');
    await cluster.reason('VPC', 'classic/router', 'Ready', 'ExternalNetworkNotAllowed');
    await cluster.reason('NatRule', 'classic/instance', 'Ready', 'NoExternalGateway');
    await cluster.eventually(async () => {
      expect(await ofGateways()).toEqual([]);
    });
    await label('classic');
    await cluster.reason('NatRule', 'classic/instance', 'Ready', 'Ready');
    const { status: of } = await cluster.get('VPC', 'classic/router');
    expect(of?.['gatewayIPs']).toEqual(['203.0.113.101']);
  });

  it('cause no warnings of ovn-northd or the operator', () => {
    expect(cluster.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    expect(ovnWarnings(readFileSync(cluster.ovn.northd.logFile, 'utf8'))).toEqual([]);
  });

  it('leave no row when everything is deleted', async () => {
    for (const [, { kind, metadata }] of await cluster.objects()) {
      const key = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
      await cluster.delete(kind as Parameters<typeof cluster.delete>[0], key);
    }
    await cluster.eventually(async () => {
      expect([...(await cluster.objects()).keys()]).toEqual([]);
      expect(managedRows(await cluster.nb.rows())).toEqual([]);
    });
  });
});
