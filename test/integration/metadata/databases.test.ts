import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { daemonEnvironment } from '../../../src/dev/ovn/daemon.ts';
import { startDatabase, type DatabaseServer } from '../../../src/dev/ovn/processes.ts';
import { OpenVSwitch } from '../../../src/metadata/agent/open-vswitch.ts';
import { LocalSouthbound } from '../../../src/metadata/agent/southbound.ts';
import { eventually } from '../../support/eventually.ts';

const run = promisify(execFile);

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'overlay-network-metadata-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of started.splice(0).toReversed()) await each.stop();
});

describe("the metadata agent's view of the Southbound database", () => {
  let server: DatabaseServer;
  const sbctl = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('ovn-sbctl', [`--db=${server.remote}`, '--timeout=20', ...args], {
      env: daemonEnvironment(dir),
    });
    return stdout.trim();
  };
  const subnet = '11111111-1111-4111-8111-111111111111';
  const marks = (kind: string, name: string, uid: string): readonly string[] => [
    'external_ids:overlay-network/cluster=default',
    `external_ids:overlay-network/owner=${kind}/red/${name}`,
    `external_ids:overlay-network/uid=${uid}`,
    `external_ids:overlay-network/subnet=${subnet}`,
  ];
  const bind = (name: string, chassis: string): Promise<string> =>
    sbctl('set', 'Port_Binding', `lsp-${name}`, `chassis=${chassis}`);
  let hosts = 0;
  /** Resolves with the UUID of the chassis. */
  const addChassis = async (name: string): Promise<string> => {
    await sbctl('chassis-add', name, 'geneve', `192.0.2.${++hosts}`);
    return sbctl('--bare', '--columns=_uuid', 'find', 'Chassis', `name=${name}`);
  };

  beforeAll(async () => {
    server = await startDatabase({ dir, name: 'OVN_Southbound', schema: '/usr/share/ovn/ovn-sb.ovsschema' });
    const datapath = await sbctl('create', 'Datapath_Binding', 'tunnel_key=1');
    const port = (name: string, key: number, type: string, mac: string, ...rest: readonly string[]) =>
      sbctl(
        ...['create', 'Port_Binding', `logical_port=lsp-${name}`, `datapath=${datapath}`],
        ...[`tunnel_key=${key}`, `type="${type}"`, `mac="${mac}"`, ...rest],
      );
    await port(
      'service',
      1,
      'localport',
      '0a:00:00:00:00:fe 169.254.169.254',
      ...marks('Subnet', 'net', subnet),
    );
    await port('web', 2, '', '0a:00:00:00:00:01 10.0.0.1', ...marks('Port', 'web', 'uid-web'));
    await port('app', 3, '', '0a:00:00:00:00:02 10.0.0.2', ...marks('Port', 'app', 'uid-app'));
  }, 30_000);
  afterAll(() => server.stop());

  const follow = async (chassis: string): Promise<LocalSouthbound> => {
    const view = new LocalSouthbound({ remotes: server.remote, chassis, cluster: 'default' });
    started.push(view);
    await view.start();
    return view;
  };
  const addresses = ({ networks }: LocalSouthbound): readonly string[] | undefined =>
    networks && [...networks.values()].flatMap(({ ports }) => [...ports.keys()]).sort();

  it('follows the Ports that are bound to the chassis', async () => {
    const [mine, other] = [await addChassis('mine'), await addChassis('other')];
    await bind('web', mine);
    await bind('app', other);
    const view = await follow('mine');
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.1']));
    let changes = 0;
    view.onChange(() => changes++);
    await bind('app', mine);
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.1', '10.0.0.2']));
    expect(changes).toBeGreaterThan(0);
    await bind('web', other);
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.2']));
    await sbctl('set', 'Port_Binding', 'lsp-web', `additional_chassis=${mine}`);
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.1', '10.0.0.2']));
    await sbctl('clear', 'Port_Binding', 'lsp-web', 'additional_chassis');
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.2']));
    expect(view.problem).toBeUndefined();
  });

  it('is unknown while the chassis is not registered, and returns when the chassis has a new UUID', async () => {
    const view = await follow('late');
    expect([view.networks, view.problem]).toEqual([undefined, 'OVN has no chassis late']);
    await bind('web', await addChassis('late'));
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.1']));
    await sbctl('chassis-del', 'late');
    await eventually(() => expect(view.networks).toBeUndefined());
    await bind('web', await addChassis('late'));
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.1']));
  });

  it('stays unchanged while the database is down, and is updated after the reconnect', async () => {
    const chassis = await addChassis('patient');
    await bind('web', chassis);
    const view = await follow('patient');
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.1']));
    await server.kill();
    await eventually(() => expect(view.problem).toMatch(/^not connected: cannot connect/));
    expect(addresses(view)).toEqual(['10.0.0.1']);
    await server.start();
    await bind('app', chassis);
    await eventually(() => expect(addresses(view)).toEqual(['10.0.0.1', '10.0.0.2']));
  });
});

describe("the metadata agent's access to the Open vSwitch of a host", () => {
  let server: DatabaseServer;
  const vsctl = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(
      'ovs-vsctl',
      [`--db=${server.remote}`, '--timeout=20', '--no-wait', ...args],
      { env: daemonEnvironment(dir) },
    );
    return stdout.trim();
  };
  const ports = async (bridge: string): Promise<readonly string[]> =>
    (await vsctl('list-ports', bridge)).split('\n').filter(Boolean);
  const open = async (mark: string): Promise<OpenVSwitch> => {
    const vswitch = new OpenVSwitch({ remotes: server.remote, mark });
    started.push(vswitch);
    await vswitch.start();
    return vswitch;
  };

  beforeAll(async () => {
    server = await startDatabase({
      dir,
      name: 'Open_vSwitch',
      schema: '/usr/share/openvswitch/vswitch.ovsschema',
    });
    await vsctl('init', '--', 'add-br', 'br-int', '--', 'add-port', 'br-int', 'tap-vm');
  }, 30_000);
  afterAll(() => server.stop());

  it('reads the identity of the host when the identity is set', async () => {
    const vswitch = await open('identity-');
    expect(vswitch.identity()).toBeUndefined();
    let changes = 0;
    vswitch.onChange(() => changes++);
    await vsctl('set', 'Open_vSwitch', '.', 'external_ids:system-id=hv7', 'external_ids:ovn-remote=unix:/sb');
    await eventually(() => expect(vswitch.identity()).toEqual({ systemId: 'hv7', southbound: 'unix:/sb' }));
    expect(changes).toBeGreaterThan(0);
    const before = changes;
    await server.kill();
    await eventually(() => expect(vswitch.isConnected).toBe(false));
    await server.start();
    await eventually(() => expect(vswitch.isConnected).toBe(true));
    expect(changes).toBeGreaterThan(before + 1);
  });

  it('adds and removes its own devices as logical ports, and keeps other devices', async () => {
    const [one, two] = [await open('one-'), await open('two-')];
    await one.plug('md1', 'on_a_metadata');
    await one.plug('md1', 'on_a_metadata');
    await two.plug('md2', 'on_b_metadata');
    expect(await ports('br-int')).toEqual(['md1', 'md2', 'tap-vm']);
    expect(await vsctl('get', 'Interface', 'md1', 'external_ids:iface-id')).toBe('on_a_metadata');
    expect([one.plugged(), two.plugged()]).toEqual([
      new Map([['md1', 'on_a_metadata']]),
      new Map([['md2', 'on_b_metadata']]),
    ]);
    await one.plug('md1', 'on_c_metadata');
    expect(one.plugged()).toEqual(new Map([['md1', 'on_c_metadata']]));
    for (const device of ['md1', 'md2', 'tap-vm', 'none']) await one.unplug(device);
    expect(await ports('br-int')).toEqual(['md2', 'tap-vm']);
    await expect(one.plug('tap-vm', 'on_a_metadata')).rejects.toMatchObject({ code: 'CONSTRAINT_VIOLATION' });
  });

  it('uses the bridge of ovn-controller, and rejects with NO_BRIDGE when the bridge does not exist', async () => {
    const vswitch = await open('bridge-');
    const settings = ['external_ids:ovn-bridge=br-other', 'external_ids:system-id=other'];
    await vsctl('set', 'Open_vSwitch', '.', ...settings);
    // The identity shows that the replica has both settings. A second plug would prove nothing, so there is only one.
    await eventually(() => expect(vswitch.identity()).toMatchObject({ systemId: 'other' }));
    const refused = { code: 'NO_BRIDGE', message: expect.stringContaining('no bridge br-other') };
    await expect(vswitch.plug('md3', 'x')).rejects.toMatchObject(refused);
    expect(await ports('br-int')).not.toContain('md3');
    await vsctl('add-br', 'br-other', '--', 'set', 'Bridge', 'br-other', 'datapath_type=netdev');
    await eventually(() => expect(vswitch.isUserspace).toBe(true));
    await vswitch.plug('md3', 'x');
    expect(await ports('br-other')).toEqual(['md3']);
    await vsctl('remove', 'Open_vSwitch', '.', 'external_ids', 'ovn-bridge');
  });
});
