import { beforeAll, describe, expect, it } from '@jest/globals';
import { findCondition, type Kinds } from '../../src/api/index.ts';
import { readManifests } from '../../src/dev/manifests.ts';
import { prepareField, type Field } from '../support/dataplane/borders/field.ts';
import {
  friend,
  hostileCases,
  hostileNamespaces,
  mallory,
  victim,
  type Hostile,
} from '../support/dataplane/borders/hostile.ts';
import { claim, intrude } from '../support/dataplane/borders/intruder.ts';
import { deliveryOf } from '../support/dataplane/borders/oracle.ts';
import type { Packet } from '../support/dataplane/borders/packets.ts';
import { describeLab } from '../support/dataplane/describe.ts';

type Kind = keyof Kinds;
/** An object as `Kind namespace/name`. */
const split = (text: string): [Kind, string] => text.split(' ') as [Kind, string];

describeLab('the packets of a tenant', (lab) => {
  let field: Field;
  /** The external addresses of the victim and its friend. */
  let external: readonly string[];

  beforeAll(async () => {
    for (const name of hostileNamespaces)
      await lab().namespace(name, { 'network.plasmavmc.io/organization': name });
    field = await prepareField(lab(), [victim, friend, mallory]);
    const gatewayIP = field.world.facts.get(victim.name)?.gatewayIP ?? '';
    external = [victim.floating.address, friend.floating.address, gatewayIP];
  }, 120_000);

  /** New packets of the victim, of its friend and of the outside. Each of them must arrive. */
  const flows = (): readonly Packet[] =>
    field.senders
      .flatMap((sender) => field.packets.attacks(sender))
      .filter((packet) => deliveryOf(packet, field.world) !== undefined)
      .filter(({ sender, destination: { owner } }) =>
        [owner, 'tenant' in sender ? sender.tenant : undefined].every((each) => each?.name !== mallory.name),
      );

  /** Resolves when the operator has processed the current generation of an object. */
  const untilProcessed = (kind: Kind, key: string): Promise<void> =>
    lab().eventually(async () => {
      const { metadata, status } = await lab().get(kind, key);
      const ready = findCondition(status?.conditions, 'Ready');
      expect([kind, key, ready?.observedGeneration]).toEqual([kind, key, metadata.generation]);
    });

  /** Applies manifests; resolves when the operator has processed them and the hypervisors have installed the result. */
  const declare = async (manifests: readonly string[]): Promise<void> => {
    await lab().apply(...manifests);
    for (const { kind, metadata } of manifests.flatMap(readManifests))
      await untilProcessed(kind as Kind, [metadata.namespace, metadata.name].filter(Boolean).join('/'));
    await lab().cluster.ovn.nbctl('--wait=hv', '--timeout=60', 'sync');
  };

  const attack = async ({ before = [], removed = [], objects, machine }: Hostile): Promise<void> => {
    await declare(before);
    if (before.length > 0) await field.volley.deliver(flows(), field.world);
    for (const each of removed) await lab().delete(...split(each));
    for (const each of removed) await lab().gone(...split(each));
    await declare(objects(external));
    if (machine === undefined) return;
    const station = await intrude(lab(), await lab().get('Port', machine.port), 'hv2');
    field.volley.add(station);
    await claim(station, machine.claims(external));
  };

  it(
    'arrive with the right source and are answered',
    () => field.volley.deliver(flows(), field.world),
    60_000,
  );

  describe('stay the same when somebody else declares', () => {
    it.each(hostileCases.map((hostile) => [hostile.title, hostile] as const))(
      '%s',
      async (_, hostile) => {
        await attack(hostile);
        // The external router must learn the owners of all addresses again.
        await lab().lab.internet.router.run(['ip', 'neigh', 'flush', 'all']);
        for (const packets of [flows(), flows()]) await field.volley.deliver(packets, field.world);
        expect(field.volley.problems(field.world)).toEqual([]);
        const ready = await Promise.all(
          hostile.refused.map(async (each) => {
            const { status } = await lab().get(...split(each));
            return findCondition(status?.conditions, 'Ready')?.status === 'True' ? [each] : [];
          }),
        );
        expect(ready.flat()).toEqual([]);
      },
      90_000,
    );
  });
});
