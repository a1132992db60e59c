import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CompiledAcls, compile, logicalPort, outsiderIn } from '../../support/oracle/compiled.ts';
import { isAllowed, type Packet, type World } from '../../support/oracle/model.ts';
import { packetIn, unlimited, world } from '../../support/oracle/worlds.ts';
import { OfflineCluster } from '../../support/controllers/offline-cluster.ts';
import { seedOf } from '../../support/seed.ts';

const seed = seedOf('the oracle', 20_260_201);
const size = { worlds: 60, packets: 50 };

describe(`the ACLs of security groups and policies (seed ${seed})`, () => {
  it('allow exactly the packets that the model allows', async () => {
    const differences: unknown[] = [];
    const counts = { allowed: 0, denied: 0 };
    for (const [index, each] of fc.sample(world, { seed, numRuns: size.worlds }).entries()) {
      const space = `world-${index}`;
      const cluster = new OfflineCluster({ limits: unlimited });
      await compile(cluster, each, space);
      const acls = new CompiledAcls(cluster);
      for (const packet of fc.sample(packetIn(each), { seed: seed + index, numRuns: size.packets })) {
        const expected = isAllowed(each, packet);
        counts[expected ? 'allowed' : 'denied']++;
        const [inport, outport] = endsOf(each, packet).map((name) => logicalPort(cluster, space, name));
        const actual = acls.isAllowed(packet, inport ?? '', outport ?? '');
        if (actual !== expected) differences.push({ seed, world: each, packet, expected, actual });
      }
    }
    expect(differences.slice(0, 1)).toEqual([]);
    // Both results must occur often, or the comparison would prove little.
    expect(counts.allowed).toBeGreaterThan(300);
    expect(counts.denied).toBeGreaterThan(300);
    expect(counts.allowed + counts.denied).toBeGreaterThanOrEqual(2000);
  }, 120_000);
});

/** The names of the Ports at both ends of the packet. */
function endsOf({ ports }: World, { from, to }: Packet): readonly string[] {
  const near = ports[from.port ?? to.port ?? '']?.subnet ?? 'a';
  return [from.port ?? outsiderIn(near), to.port ?? outsiderIn(near)];
}
