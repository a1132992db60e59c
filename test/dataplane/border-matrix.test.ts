import { beforeAll, expect, it } from '@jest/globals';
import { prepareField, type Field } from '../support/dataplane/borders/field.ts';
import { deliveryOf } from '../support/dataplane/borders/oracle.ts';
import { nameOf, type Packet } from '../support/dataplane/borders/packets.ts';
import { tenantsOf } from '../support/dataplane/borders/tenants.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { askHttp } from '../support/dataplane/http.ts';
import { seedOf } from '../support/seed.ts';

const seed = seedOf('border-matrix', 82);

describeLab(
  'packets between generated tenants',
  (lab) => {
    let field: Field;
    /** New packets from each machine with each source to each border. */
    const allPackets = (): readonly Packet[] =>
      field.senders.flatMap((sender) => field.packets.attacks(sender));
    const mustArrive = (packet: Packet): boolean => deliveryOf(packet, field.world) !== undefined;

    beforeAll(async () => {
      field = await prepareField(lab(), tenantsOf(seed));
    }, 120_000);

    it('arrive with the right source and are answered if the declarations of both tenants allow them', async () => {
      const honest = allPackets().filter(mustArrive);
      // Each machine sends a packet that arrives. So a broken machine cannot be the reason why no other packet arrives.
      expect(new Set(honest.map(({ sender }) => nameOf(sender))).size).toBe(field.senders.length);
      await field.volley.deliver(honest, field.world);
    }, 90_000);

    it('arrive nowhere else, with any source and any destination', async () => {
      const sentinels = new Map(
        allPackets()
          .filter(mustArrive)
          .map(({ sender, destination }) => [nameOf(sender), destination]),
      );
      const sentinelOf = ({ sender }: Packet): Packet =>
        field.packets.honest(sender, sentinels.get(nameOf(sender))!);
      // In the first round, routers resolve the addresses of their neighbours.
      const packets = allPackets();
      for (const round of [packets, packets]) await field.volley.send(round, sentinelOf);
      // The last packets take every path that a packet may take. When they arrive, the packets before them have arrived.
      await field.volley.deliver(allPackets().filter(mustArrive), field.world);
      expect(field.volley.problems(field.world)).toEqual([]);
    }, 120_000);

    it('to the metadata service get the data of the machine that sent them', async () => {
      const answers = await Promise.all(
        [...field.guests.values()].map(async (guest) => {
          const answer = await lab().eventually(async () => {
            const found = await askHttp(guest, '169.254.169.254', '/latest/meta-data/instance-id');
            expect(found).toMatchObject({ status: 200 });
            return found;
          });
          return [guest.state.name, answer?.body.trim()];
        }),
      );
      expect(answers).toEqual([...field.guests.values()].map(({ state: { name } }) => [name, name]));
    }, 60_000);
  },
  { metadata: true },
);
