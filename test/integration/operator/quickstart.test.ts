import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { markOf, managedRows } from '../../support/operator/dump.ts';
import { example } from '../../support/operator/examples.ts';
import type { TestObject } from '../../support/operator/objects.ts';
import { ovnWarnings } from '../../support/ovn-warnings.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';
import { trace } from '../../support/operator/trace.ts';

describe.each(targets)('the quickstart ($name API server)', (target) => {
  let cluster: TestCluster;
  let server: TestObject;
  let client: TestObject;
  let apps: string;

  beforeAll(async () => {
    cluster = await TestCluster.start(target);
    await cluster.startOperator();
    await cluster.apply(...example('quickstart.yaml'));
    const objects = await cluster.ready();
    server = objects.get('Port/default/server')!;
    client = objects.get('Port/default/client')!;
    apps = String(objects.get('Subnet/default/apps')!.status!['switchName']);
    await cluster.ovn.nbctl('--wait=sb', 'sync');
  }, 60_000);
  afterAll(() => cluster.stop());

  const ethernet = (from: TestObject, to: { mac: string }) =>
    `inport == "${String(from.status!['interfaceID'])}" && eth.src == ${String(from.status!['macAddress'])} && eth.dst == ${to.mac}`;
  const tcp = (from: TestObject, to: TestObject, port: number) =>
    `${ethernet(from, { mac: String(to.status!['macAddress']) })} && ip.ttl == 64 && ` +
    `ip4.src == ${String(from.status!['ipAddress'])} && ip4.dst == ${String(to.status!['ipAddress'])} && tcp.dst == ${port}`;

  it('sets the status fields of each Port that a VM manager needs', () => {
    expect(server.status).toMatchObject({
      interfaceID: server.metadata.uid,
      ipAddress: '10.10.1.10',
      macAddress: expect.stringMatching(/^0a(:[0-9a-f]{2}){5}$/),
      prefixLength: 24,
      gatewayIP: '10.10.1.1',
      mtu: 1442,
    });
    expect(client.status).toMatchObject({ ipAddress: '10.10.1.2', gatewayIP: '10.10.1.1' });
  });

  it('updates the counts in statuses', async () => {
    await cluster.eventually(async () => {
      expect((await cluster.get('Subnet', 'apps')).status).toMatchObject({
        totalIPs: 253,
        usedIPs: 2,
        availableIPs: 251,
      });
      expect((await cluster.get('VPC', 'quickstart')).status).toMatchObject({ subnetCount: 2 });
      for (const group of ['web', 'default'])
        expect((await cluster.get('SecurityGroup', group)).status).toMatchObject({
          ruleCount: 2,
          portCount: 1,
        });
    });
  });

  it('creates a switch with both Ports and a router between the two Subnets, as ovn-nbctl shows', async () => {
    const shown = await cluster.ovn.nbctl('show');
    expect(shown).toMatch(
      new RegExp(
        `switch [^\n]*\\(${apps}\\)[^]*port ${server.metadata.uid}\n +addresses: \\["${String(server.status!['macAddress'])} 10.10.1.10"\\]`,
      ),
    );
    expect(shown).toMatch(new RegExp(`router [^]*networks: \\["10.10.1.1/24"\\]`));
    expect(shown.match(/^router /gm)).toHaveLength(1);
    expect(shown.match(/^switch /gm)).toHaveLength(2);
  });

  it('creates a binding for each Port, as ovn-sbctl shows', async () => {
    const bindings = await cluster.ovn.sbctl(
      '--bare',
      '--columns=logical_port,mac',
      'find',
      'Port_Binding',
      'type=""',
    );
    for (const { metadata, status } of [server, client])
      expect(bindings).toContain(
        `${metadata.uid}\n${String(status!['macAddress'])} ${String(status!['ipAddress'])}`,
      );
  });

  it('marks every row with its cluster, its owner and its UID', async () => {
    const objects = await cluster.objects();
    const rows = await cluster.nb.rows();
    const known = rows.filter(({ table }) => !['NB_Global', 'Connection', 'SSL'].includes(table));
    expect(managedRows(rows)).toEqual(known);
    for (const row of known)
      expect(objects.get(markOf(row, 'owner')!)?.metadata.uid).toBe(markOf(row, 'uid'));
  });

  it('lets the client reach the web server on port 80', async () => {
    expect((await trace(cluster.ovn, apps, tcp(client, server, 80))).outputs).toEqual([server.metadata.uid]);
  });

  it('drops all other traffic to the web server', async () => {
    expect((await trace(cluster.ovn, apps, tcp(client, server, 81))).outputs).toEqual([]);
    const udp = tcp(client, server, 80).replace('tcp.dst', 'udp.dst');
    expect((await trace(cluster.ovn, apps, udp)).outputs).toEqual([]);
  });

  it('drops traffic from the web server to the client, whose group admits only its own members', async () => {
    expect((await trace(cluster.ovn, apps, tcp(server, client, 80))).outputs).toEqual([]);
  });

  it('drops packets with a forged source address', async () => {
    const spoofed = tcp(client, server, 80).replace('ip4.src == 10.10.1.2', 'ip4.src == 10.10.1.3');
    expect((await trace(cluster.ovn, apps, spoofed)).outputs).toEqual([]);
  });

  it('answers a DHCP request with the address, the gateway and the MTU', async () => {
    const { text } = await trace(
      cluster.ovn,
      apps,
      `${ethernet(server, { mac: 'ff:ff:ff:ff:ff:ff' })} && ip.ttl == 64 && ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255 && udp.src == 68 && udp.dst == 67`,
    );
    expect(text).toMatch(/put_dhcp_opts\(offerip = 10\.10\.1\.10,[^)]*\bmtu = 1442\b/);
    expect(text).toMatch(/put_dhcp_opts\([^)]*\brouter = 10\.10\.1\.1\b/);
  });

  it('causes no warnings of ovn-northd', () => {
    expect(ovnWarnings(readFileSync(cluster.ovn.northd.logFile, 'utf8'))).toEqual([]);
  });

  it('causes no warnings of the operator', () => {
    expect(cluster.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
});
