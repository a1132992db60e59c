import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startOvnCentral, type OvnCentral } from '../../../src/dev/ovn/central.ts';
import { Cleanup, connect } from '../ovn/support.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { compile, outsiderIn } from '../../support/oracle/compiled.ts';
import { isAllowed, isVersion4, type Packet, type World } from '../../support/oracle/model.ts';
import { TraceDaemon } from '../../support/oracle/trace-daemon.ts';
import { packetIn, unlimited, world } from '../../support/oracle/worlds.ts';
import { trace } from '../../support/operator/trace.ts';
import { seedOf } from '../../support/seed.ts';

const seed = seedOf('the oracle in OVN', 20_260_202);
const size = { worlds: 10, packets: 60, ofNewConnections: 4 };

const cleanup = new Cleanup();
const cluster = new OfflineCluster({ limits: unlimited });
const worlds = fc.sample(world, { seed, numRuns: size.worlds });
let ovn: OvnCentral;
let daemon: TraceDaemon;

beforeAll(async () => {
  ovn = await startOvnCentral(cleanup.dir());
  cleanup.add(() => ovn.stop());
  for (const [index, each] of worlds.entries()) await compile(cluster, each, spaceOf(index));
  const { applier } = await connect(cleanup, ovn.northbound.remote);
  const states = [...cluster.writer.states.values()];
  for (const kind of ['VPC', 'Subnet', 'SecurityGroup', 'TrafficPolicy', 'Port']) {
    const ofKind = states.filter(({ owner }) => owner.kind === kind);
    await Promise.all(ofKind.map(({ owner, desired }) => applier.apply(owner, desired)));
  }
  await ovn.nbctl('--wait=sb', 'sync');
  daemon = await TraceDaemon.start(ovn);
  cleanup.add(() => daemon.stop());
}, 120_000);
afterAll(() => cleanup.run());

const spaceOf = (index: number): string => `world-${index}`;

describe(`security groups and policies in the real OVN (seed ${seed})`, () => {
  it('pass exactly the packets that the model allows', async () => {
    const counts = { allowed: 0, denied: 0 };
    for (const [index, each] of worlds.entries()) {
      for (const packet of packetsOf(each, index, size.packets)) {
        const { datapath, flow, target } = flowOf(spaceOf(index), each, packet);
        const outputs = await daemon.outputs(datapath, flow);
        const expected = isAllowed(each, packet) ? [target] : [];
        const found = { seed, index, packet, outputs };
        expect(found).toEqual({ ...found, outputs: expected });
        counts[expected.length > 0 ? 'allowed' : 'denied']++;
      }
    }
    expect(counts.allowed).toBeGreaterThan(50);
    expect(counts.denied).toBeGreaterThan(50);
  }, 180_000);

  it('pass exactly the packets of new connections that the model allows', async () => {
    for (const [index, each] of worlds.entries()) {
      for (const packet of packetsOf(each, index + 1000, size.ofNewConnections)) {
        const { datapath, flow, target } = flowOf(spaceOf(index), each, packet);
        const { outputs } = await trace(ovn, datapath, flow);
        const found = { seed, index, packet, outputs };
        expect(found).toEqual({ ...found, outputs: isAllowed(each, packet) ? [target] : [] });
      }
    }
  }, 180_000);

  it('compile to matches that ovn-northd and ovn-trace accept', () => {
    expect(daemon.warnings()).toEqual([]);
    const northd = readFileSync(ovn.northd.logFile, 'utf8').split('\n');
    expect(northd.filter((line) => /pars|syntax|invalid|unknown/i.test(line))).toEqual([]);
  });
});

/**
 * Generates packets within a Subnet, because other packets pass the router. Excludes neighbour discovery and router
 * advertisements: on a switch with ACLs, ovn-northd has its own flows that allow them. Excludes multicast frames, which
 * have several receivers.
 */
function packetsOf(each: World, index: number, count: number): Packet[] {
  const inOneSubnet = (from: string, to: string) => each.ports[from]?.subnet === each.ports[to]?.subnet;
  const packets = packetIn(each, inOneSubnet).filter(
    ({ icmp, isMulticastFrame }) => !isMulticastFrame && ![134, 135, 136].includes(icmp?.type ?? 0),
  );
  return fc.sample(packets, { seed: seed + index, numRuns: count });
}

/** The packet in the syntax of ovn-trace, its input port, and the logical port of its destination. */
function flowOf(space: string, each: World, packet: Packet) {
  const { from, to } = packet;
  const near = each.ports[from.port ?? to.port ?? '']?.subnet ?? 'a';
  const [sender, receiver] = [from.port, to.port].map((name) => portNamed(space, name ?? outsiderIn(near)));
  const version = isVersion4(to.ip) ? 'ip4' : 'ip6';
  const flow = [
    `inport == "${sender?.interfaceID ?? ''}"`,
    `eth.src == ${sender?.macAddress ?? ''}`,
    `eth.dst == ${receiver?.macAddress ?? ''}`,
    `${version}.src == ${from.ip}`,
    `${version}.dst == ${to.ip}`,
    `ip.ttl == ${packet.ttl}`,
    ...headers(packet, version),
  ].join(' && ');
  const { switchName } = cluster.get('Subnet', `${space}/${near}`)?.status as { switchName: string };
  return { datapath: switchName, flow, target: receiver?.interfaceID ?? '' };
}

function headers({ protocol, sourcePort, port, icmp }: Packet, version: 'ip4' | 'ip6'): readonly string[] {
  const name = { 6: 'tcp', 17: 'udp', 132: 'sctp' }[protocol];
  if (name !== undefined) return [`${name}.src == ${sourcePort ?? 0}`, `${name}.dst == ${port ?? 0}`];
  const own = version === 'ip4' ? 1 : 58;
  if (protocol !== own) return [`ip.proto == ${protocol}`];
  const field = version === 'ip4' ? 'icmp4' : 'icmp6';
  return [`${field}.type == ${icmp?.type ?? 0}`, `${field}.code == ${icmp?.code ?? 0}`];
}

function portNamed(space: string, name: string) {
  const port = cluster.get('Port', `${space}/${name}`);
  return port?.status as { interfaceID: string; macAddress: string } | undefined;
}
