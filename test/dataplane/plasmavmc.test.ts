import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  announceMac,
  INCOMING_INTERFACE,
  connectVeth,
  switchInterface,
  hypervisorNamed,
  waitUntilInstalled,
  Namespace,
  obtainLease,
  plug,
  unplug,
} from '../../src/dev/lab/index.ts';
import { PortClient, type PlugSettings } from '../../src/plasmavmc/index.ts';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

const subnet = (name: string, cidr: string): string => `
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: ${name} }
spec: { cidr: ${cidr} }
`;
const network = `
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.8.0.0/16, defaults: None }
---
${subnet('apps', '10.8.1.0/24')}
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: SecurityGroup
metadata: { name: web }
spec: { ingress: [{ protocol: All }], egress: [{ protocol: All }] }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: steady }
spec: { subnetRef: { name: apps }, securityGroupRefs: [{ name: web }] }
`;
const spec = { subnetRef: { name: 'apps' }, securityGroupRefs: [{ name: 'web' }] };
const failed = (code: string) => expect.objectContaining({ name: 'PortError', code });
/** A long time limit, because the machine that runs the tests can be busy. */
const slow = { timeoutMs: 60_000 };

/** Uses the hypervisors only as docs/plasmavmc.md describes, and the API only through the client. */
describeLab('a VM manager that uses the client', (lab) => {
  let ports: PortClient;
  let steady: Guest;

  beforeAll(async () => {
    await lab().apply(network);
    ports = await PortClient.connect(lab().cluster.kubeconfig);
    steady = await lab().guest({ name: 'steady', on: 2 });
  }, 120_000);
  afterAll(() => ports.close());

  const host = (name: string) => hypervisorNamed(lab().lab.state, name);

  /** Creates a VM without an interface. */
  const machineOf = (vmID: string): Promise<Namespace> =>
    Namespace.create(`${lab().lab.state.prefix}vm-${vmID}`);

  /** Creates a device of the VM on a hypervisor, and plugs it in. */
  async function plugIn(
    machine: Namespace,
    { interfaceID, macAddress: mac }: PlugSettings,
    on: string,
    name = 'eth0',
  ): Promise<string> {
    const device = `tap${interfaceID.slice(0, 11)}`;
    await connectVeth(machine, host(on), { device, mac, name });
    if (name === 'eth0') await machine.ip('link set eth0 up');
    await plug(host(on), { device, interfaceID, mac, vm: machine.name });
    return device;
  }

  const answersTo = (address: string) => lab().eventually(() => steady.reaches(address));
  const isSilent = (address: string) => lab().stops(() => steady.isAnsweredBy(address));

  it('creates, attaches, moves, detaches and attaches a Port again with running VMs', async () => {
    const ref = { namespace: 'default', name: 'web-eth0' };
    const { metadata } = await ports.createPort(ref, spec);
    const settings = await ports.waitReady(ref, slow);
    const { ipAddress, mtu } = settings;

    await ports.attach(ref, { vmID: 'vm-1', host: 'hv1' });
    const machine = await machineOf('vm-1');
    const device = await plugIn(machine, settings, 'hv1');
    await ports.waitBound(ref, 'hv1', slow);
    expect(await obtainLease(lab().cluster.dir, 'vm-1', machine)).toMatchObject({ address: ipAddress, mtu });
    await answersTo(ipAddress);
    await expect(ports.attach(ref, { vmID: 'vm-2', host: 'hv1' })).rejects.toEqual(
      failed('ALREADY_ATTACHED'),
    );

    const pings = steady.ping(ipAddress, { count: 100, intervalMs: 50 });
    await ports.attach(ref, { vmID: 'vm-1', host: 'hv1', migrationTargetHost: 'hv2' });
    await plugIn(machine, settings, 'hv2', INCOMING_INTERFACE);
    await waitUntilInstalled(host('hv2'), device, 60);
    await switchInterface(machine);
    await announceMac(host('hv2'), device, settings.macAddress);
    await ports.attach(ref, { vmID: 'vm-1', host: 'hv2' });
    await ports.waitBound(ref, 'hv2', slow);
    await unplug(host('hv1'), device);
    expect((await pings).received).toBeGreaterThan(40);
    await answersTo(ipAddress);
    expect(await ports.waitReady(ref, slow)).toEqual(settings);

    await unplug(host('hv2'), device);
    await ports.detach(ref, 'vm-1');
    await isSilent(ipAddress);
    await lab().eventually(async () => expect((await ports.get(ref)).status?.boundHost).toBeUndefined());

    // Another VM now has the Port with the same address and MAC address.
    await ports.attach(ref, { vmID: 'vm-2', host: 'hv1' });
    const successor = await machineOf('vm-2');
    await plugIn(successor, await ports.waitReady(ref, slow), 'hv1');
    await ports.waitBound(ref, 'hv1', slow);
    expect(await obtainLease(lab().cluster.dir, 'vm-2', successor)).toMatchObject({
      address: ipAddress,
      mtu,
    });
    await answersTo(ipAddress);

    await ports.delete(ref, { uid: metadata.uid });
    await isSilent(ipAddress);
    const before = await steady.echoesReceived();
    expect((await successor.attempt(['ping', '-c', '2', '-W', '1', steady.address])).code).not.toBe(0);
    expect(await steady.echoesReceived()).toBe(before);
    await expect(ports.get(ref)).rejects.toEqual(failed('GONE'));
  }, 240_000);

  it('can cancel a move', async () => {
    const ref = { namespace: 'default', name: 'stayer' };
    await ports.createPort(ref, { ...spec, attachment: { vmID: 'vm-6', host: 'hv1' } });
    const settings = await ports.waitReady(ref, slow);
    const machine = await machineOf('vm-6');
    const device = await plugIn(machine, settings, 'hv1');
    await ports.waitBound(ref, 'hv1', slow);
    await obtainLease(lab().cluster.dir, 'vm-6', machine);
    await answersTo(settings.ipAddress);
    await ports.attach(ref, { vmID: 'vm-6', host: 'hv1', migrationTargetHost: 'hv2' });
    await plugIn(machine, settings, 'hv2', INCOMING_INTERFACE);
    await waitUntilInstalled(host('hv2'), device, 60);
    await unplug(host('hv2'), device);
    const { spec: now } = await ports.attach(ref, { vmID: 'vm-6', host: 'hv1' });
    expect(now.attachment).toEqual({ vmID: 'vm-6', host: 'hv1' });
    await ports.waitBound(ref, 'hv1', slow);
    await answersTo(settings.ipAddress);
  }, 120_000);

  it('gets an error when a VM runs on another host than the Port names', async () => {
    const ref = { namespace: 'default', name: 'astray' };
    await ports.createPort(ref, { ...spec, attachment: { vmID: 'vm-3', host: 'hv1' } });
    const machine = await machineOf('vm-3');
    await plugIn(machine, await ports.waitReady(ref, slow), 'hv2');
    await expect(ports.waitBound(ref, 'hv2', { timeoutMs: 2_000 })).rejects.toEqual(failed('NOT_BOUND'));
    await ports.attach(ref, { vmID: 'vm-3', host: 'hv2' });
    await ports.waitBound(ref, 'hv2', slow);
  }, 120_000);

  it('can plug in a device before the Port is Ready', async () => {
    const ref = { namespace: 'default', name: 'early' };
    const { metadata } = await ports.createPort(ref, {
      ...spec,
      macAddress: '0a:00:00:00:00:08',
      subnetRef: { name: 'later' },
    });
    const machine = await machineOf('vm-4');
    const settings = { interfaceID: metadata.uid, macAddress: '0a:00:00:00:00:08' };
    await plugIn(machine, settings as PlugSettings, 'hv1');
    await expect(ports.waitReady(ref, { timeoutMs: 100 })).rejects.toEqual(failed('NOT_READY'));
    await lab().apply(subnet('later', '10.8.2.0/24'));
    const { ipAddress } = await ports.waitReady(ref, slow);
    await ports.waitBound(ref, 'hv1', slow);
    expect(await obtainLease(lab().cluster.dir, 'vm-4', machine)).toMatchObject({ address: ipAddress });
    await answersTo(ipAddress);
  }, 120_000);

  it('can attach a VM to a new host after its host is lost', async () => {
    const ref = { namespace: 'default', name: 'survivor' };
    await ports.createPort(ref, { ...spec, attachment: { vmID: 'vm-5', host: 'hv1' } });
    const settings = await ports.waitReady(ref, slow);
    await plugIn(await machineOf('vm-5'), settings, 'hv1');
    await ports.waitBound(ref, 'hv1', slow);
    await lab().lab.hypervisors[0]!.controller.kill();
    const again = await machineOf('vm-5-again');
    await ports.attach(ref, { vmID: 'vm-5', host: 'hv2' });
    await plugIn(again, settings, 'hv2');
    await ports.waitBound(ref, 'hv2', slow);
    expect(await obtainLease(lab().cluster.dir, 'vm-5', again)).toMatchObject({
      address: settings.ipAddress,
    });
    await answersTo(settings.ipAddress);
  }, 120_000);
});
