import { beforeAll, expect, it } from '@jest/globals';
import { isTrue, type Port } from '../../src/api/index.ts';
import { hypervisorNamed, moveVm, Namespace, plug, readVm, unplug } from '../../src/dev/lab/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';
import { within } from '../support/within.ts';

describeLab('a Port', (lab) => {
  let steady: Guest;

  beforeAll(async () => {
    await lab().apply(`
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.4.0.0/16 }
`);
    steady = await lab().guest({ name: 'steady', on: 1 });
  }, 60_000);

  /** The time from the start of `act` until `holds` is true for the Port, in ms. */
  const timeOf = async (
    act: () => Promise<void>,
    name: string,
    holds: (port: Port) => boolean,
  ): Promise<number> => {
    const since = performance.now();
    await act();
    await lab().eventually(async () => {
      const port = await lab().get('Port', name);
      if (!holds(port)) throw new Error(JSON.stringify(port.status));
    });
    return performance.now() - since;
  };
  const isBoundTo = (host: string) => (port: Port) =>
    isTrue(port.status?.conditions, 'Bound') && port.status?.boundHost === host;
  const isUnbound = ({ status }: Port): boolean =>
    !isTrue(status?.conditions, 'Bound') && status?.boundHost === undefined;

  it('reports within a second that it is bound to a host or unbound', async () => {
    const { state } = await lab().guest({ name: 'plugged', on: 2 });
    const hypervisor = hypervisorNamed(lab().lab.state, 'hv2');
    const device = {
      device: state.device,
      interfaceID: state.interfaceID,
      mac: state.macAddress,
      vm: state.name,
    };
    await within(1000, async () => {
      const unpluggedAfter = await timeOf(() => unplug(hypervisor, state.device), 'plugged', isUnbound);
      const pluggedAfter = await timeOf(() => plug(hypervisor, device), 'plugged', isBoundTo('hv2'));
      return Math.max(unpluggedAfter, pluggedAfter);
    });
  }, 120_000);

  it('stops traffic in both directions within a second of its deletion', async () => {
    await within(1000, async (round) => {
      const gone = await lab().guest({ name: `gone-${round}`, on: 2 });
      await lab().eventually(() => steady.reaches(gone.address));
      const pings = steady.ping(gone.address, { count: 60, intervalMs: 50 });
      const deleted = Date.now();
      await lab().delete('Port', gone.state.port.name);
      const { answeredAt } = await pings;
      await lab().stops(() => steady.isAnsweredBy(gone.address));
      const before = await steady.echoesReceived();
      expect(await gone.ping(steady.address)).toMatchObject({ received: 0 });
      expect(await steady.echoesReceived()).toBe(before);
      return (answeredAt.at(-1) ?? deleted) - deleted;
    });
  }, 120_000);

  it('keeps its address when its VM moves to another hypervisor, and loses few packets', async () => {
    const traveller = await lab().guest({ name: 'traveller', on: 1 });
    const intervalMs = 50;
    await within(4000, async (round) => {
      const [source, target] = round % 2 === 0 ? ['hv1', 'hv2'] : ['hv2', 'hv1'];
      await lab().eventually(() => steady.reaches(traveller.address));
      const pings = steady.ping(traveller.address, { count: 100, intervalMs });
      const hypervisor = target === 'hv2' ? 2 : 1;
      const moved = await moveVm(lab().access, { name: 'traveller', hypervisor });
      expect(moved.hypervisor).toBe(target);
      expect((await lab().get('Port', 'traveller')).status).toMatchObject({
        boundHost: target,
        ipAddress: traveller.address,
      });
      const { sent, received } = await pings;
      expect(await traveller.run('ip', '-4', 'address', 'show', 'dev', 'eth0')).toContain(
        `inet ${traveller.address}/24`,
      );
      await lab().eventually(() => traveller.reaches(steady.address));
      // The source hypervisor has no device of the VM any more.
      const former = new Namespace(hypervisorNamed(lab().lab.state, source).namespace);
      expect(await former.run(['ip', '-o', 'link', 'show'])).not.toContain(moved.device);
      expect(readVm(lab().lab.state, 'traveller').hypervisor).toBe(target);
      return (sent - received) * intervalMs;
    });
  }, 120_000);

  it('keeps connections open when its VM moves to another hypervisor', async () => {
    const server = await lab().guest({ name: 'server', on: 1 });
    await server.run('iperf3', '-s', '-1', '-D', '--idle-timeout', '30');
    const argv = ['iperf3', '-c', server.address, '-t', '8', '-b', '1M', '-J', '--connect-timeout', '2000'];
    const transfer = lab().eventually(async () => {
      const { stdout } = await steady.attempt(argv);
      const report = JSON.parse(stdout) as {
        readonly error?: string;
        readonly intervals: readonly { readonly sum: { readonly bytes: number } }[];
      };
      if (report.error !== undefined) throw new Error(report.error);
      return report;
    });
    // Wait until the VM receives data of the transfer.
    await lab().eventually(async () => {
      if (Number(await server.run('cat', '/sys/class/net/eth0/statistics/rx_bytes')) < 100_000)
        throw new Error('no transfer yet');
    });
    await moveVm(lab().access, { name: 'server', hypervisor: 2 });
    const { intervals } = await transfer;
    // TCP may take seconds to retransmit packets that were lost during the move.
    expect(intervals.slice(-3).some(({ sum }) => sum.bytes > 0)).toBe(true);
  }, 60_000);

  it('passes no traffic while adminState is Down, and keeps its address', async () => {
    const switched = await lab().guest({ name: 'switched', on: 2 });
    await lab().eventually(() => steady.reaches(switched.address));
    await lab().edit('Port', 'switched', { spec: { adminState: 'Down' } });
    await lab().stops(() => steady.isAnsweredBy(switched.address));
    await lab().edit('Port', 'switched', { spec: { adminState: 'Up' } });
    await lab().eventually(() => steady.reaches(switched.address));
    expect((await lab().get('Port', 'switched')).status?.ipAddress).toBe(switched.address);
  });
});
