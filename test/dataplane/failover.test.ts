import { beforeAll, expect, it } from '@jest/globals';
import { gatewayPortName } from '../../src/controllers/rows/names.ts';
import { internet, Namespace, type Hypervisor } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import { longestGap, type Guest } from '../support/dataplane/guest.ts';
import { publicNetwork } from '../support/dataplane/outside.ts';
import { WAIT_TIMEOUT_MS } from '../support/eventually.ts';
import { within } from '../support/within.ts';

const vpc = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: net }
spec: { cidr: 10.50.0.0/16, externalGateway: { externalNetworkRef: { name: public } } }
`;

/** A host counts as dead after three seconds without a message: three times the interval of OVN's BFD. */
const BFD_MS = 3000;

describeLab(
  'the gateway of a VPC',
  (lab) => {
    let machine: Guest;

    beforeAll(async () => {
      await lab().apply(publicNetwork, vpc);
      // The VM is on a third host. With two hosts, each would assume that it is the isolated host (OVN's ha-chassis.c).
      machine = await lab().guest({ name: 'machine', on: 3 });
      await lab().eventually(() => machine.reaches(internet.host));
    }, 120_000);

    /** The current host of the gateway. */
    const active = async (): Promise<Hypervisor> => {
      const { sbctl } = lab().cluster.ovn;
      const port = `cr-${gatewayPortName((await lab().get('VPC', 'net')).metadata.uid)}`;
      const chassis = (await sbctl('--bare', '--columns=chassis', 'list', 'Port_Binding', port)).trim();
      const name = (await sbctl('--bare', '--columns=name', 'list', 'Chassis', chassis)).trim();
      return lab().lab.hypervisors.find((each) => each.name === name)!;
    };
    /** Switches the link to the other hypervisors. The link to the physical network does not change. */
    const link = ({ namespace }: Hypervisor, state: 'up' | 'down'): Promise<void> =>
      new Namespace(namespace).ip(`link set eth0 ${state}`);

    /**
     * Runs `act` and returns the longest time without an answer from the external host, in ms. Measures with ten pings a
     * second for at least 1.5 times the BFD timeout, and until every ping is answered again.
     */
    const interruption = async (act: () => Promise<unknown>): Promise<number> => {
      const answers: number[] = [];
      const pings = async (): Promise<boolean> => {
        const { sent, received, answeredAt } = await machine.ping(internet.host, {
          count: 10,
          extra: ['-W', '0.2'],
        });
        answers.push(...answeredAt);
        return received === sent;
      };
      await lab().eventually(pings);
      const began = performance.now();
      await act();
      const since = (): number => performance.now() - began;
      for (let complete = false; !complete || since() < 1.5 * BFD_MS; complete = await pings())
        if (since() > WAIT_TIMEOUT_MS) throw new Error('the external host did not answer again in time');
      return longestGap(answers);
    };

    it('stays on its host and keeps working while ovn-controller restarts there', async () => {
      const host = await active();
      await within(BFD_MS, async () => {
        const gap = await interruption(() => host.controller.kill());
        expect((await active()).name).toBe(host.name);
        await host.controller.start();
        return gap;
      });
    }, 120_000);

    it('moves to another host when its host is isolated, soon after BFD detects it', async () => {
      let cut: Hypervisor | undefined;
      await within(2 * BFD_MS, async () => {
        // A previous round was too slow: restore its host first.
        if (cut !== undefined) await link(cut, 'up');
        await lab().eventually(async () => cut === undefined || (await active()).name === cut.name);
        const host = await active();
        cut = host;
        const gap = await interruption(() => link(host, 'down'));
        expect((await active()).name).not.toBe(host.name);
        return gap;
      });
    }, 120_000);
  },
  { hypervisors: 3 },
);
