import { describe, expect, it } from '@jest/globals';
import { withDefaults } from '../../../src/api/index.ts';
import type { Port } from '../../../src/api/index.ts';
import {
  InventoryError,
  measureMatrix,
  parseInventory,
  parsePing,
  PingError,
} from '../../../src/verify/index.ts';
import type { Machine, Outcome, World } from '../../../src/verify/index.ts';

const iputils = (sent: number, received: number): string =>
  `PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.\n\n--- 10.0.0.2 ping statistics ---\n` +
  `${sent} packets transmitted, ${received} received, ${100 - (100 * received) / sent}% packet loss, time 400ms\n` +
  (received > 0 ? 'rtt min/avg/max/mdev = 0.429/0.600/0.900/0.212 ms\n' : '\n');

describe('parsePing', () => {
  it('parses the output of ping from iputils', () => {
    expect(parsePing(iputils(3, 2))).toEqual({ sent: 3, received: 2, latencyMs: 0.6 });
    expect(parsePing(iputils(3, 0))).toEqual({ sent: 3, received: 0 });
    expect(parsePing('3 packets transmitted, 0 received, +3 errors, 100% packet loss')).toEqual({
      sent: 3,
      received: 0,
    });
  });

  it('parses the output of ping from busybox', () => {
    const output =
      '2 packets transmitted, 2 packets received, 0% packet loss\nround-trip min/avg/max = 0.1/0.2/0.3 ms\n';
    expect(parsePing(output)).toEqual({ sent: 2, received: 2, latencyMs: 0.2 });
  });

  it('returns undefined for output without statistics', () => {
    expect(parsePing('ping: unknown host')).toBeUndefined();
  });
});

describe('parseInventory', () => {
  it('returns the machines with their Ports and command prefixes', () => {
    const text = 'machines:\n- { name: web, port: { name: server }, exec: [ssh, root@192.0.2.10] }\n';
    expect(parseInventory(text)).toEqual([
      { name: 'web', port: { namespace: 'default', name: 'server' }, exec: ['ssh', 'root@192.0.2.10'] },
    ]);
  });

  it.each([
    ['[', /invalid YAML/],
    ['machines: []', /at least one machine/],
    ['machines: [web]', /machines\[0\] must be a mapping/],
    ['machines: [{ port: { name: a }, exec: [x] }]', /machines\[0\]\.name must be a non-empty string/],
    ['machines: [{ name: a, port: { name: a }, exec: ssh }]', /machines\[0\]\.exec must be a list/],
    ['machines: [{ name: a, port: {}, exec: [x] }]', /machines\[0\]\.port\.name must be a non-empty string/],
  ])('rejects the inventory %s', (text, message) => {
    expect(() => parseInventory(text)).toThrow(InventoryError);
    expect(() => parseInventory(text)).toThrow(message);
  });
});

describe('measureMatrix', () => {
  const bound = (name: string, ipAddress: string): Port =>
    withDefaults({
      apiVersion: 'network.plasmavmc.io/v1alpha1',
      kind: 'Port',
      metadata: { namespace: 'n', name, uid: name, resourceVersion: '1' },
      spec: { trafficFiltering: 'Disabled' },
      status: {
        ipAddress,
        conditions: [{ type: 'Bound', status: 'True', reason: '', message: '', lastTransitionTime: '' }],
      },
    } as unknown as Port);

  /** Measures machines in one VPC. `answers` returns the output of `ping` in a machine for an address. */
  const measure = async (
    names: readonly string[],
    answers: (from: string, address: string, attempt: number) => Partial<Outcome>,
  ) => {
    const attempts = new Map<string, number>();
    const stations = names.map((name, index) => {
      const port = bound(name, `10.0.0.${index + 1}`);
      const machine: Machine = {
        name,
        host: 'hv1',
        port: { namespace: 'n', name },
        run: (argv) => {
          const address = argv.at(-1) ?? '';
          const attempt = (attempts.get(name + address) ?? 0) + 1;
          attempts.set(name + address, attempt);
          return Promise.resolve({ code: 0, stdout: '', stderr: '', ...answers(name, address, attempt) });
        },
      };
      return { machine, port };
    });
    const meta = { namespace: 'n', uid: '', resourceVersion: '1' };
    const world: World = {
      vpcs: new Map([
        [
          'n/v',
          {
            metadata: { ...meta, name: 'v' },
            status: { conditions: [{ type: 'Accepted', status: 'True' }] },
          },
        ],
      ]) as unknown as World['vpcs'],
      subnets: new Map([
        ['n/default', { metadata: { ...meta, name: 'default' }, spec: {} }],
      ]) as unknown as World['subnets'],
      ports: new Map(stations.map(({ port }) => [`n/${port.metadata.name}`, port])),
      securityGroups: new Map(),
      peerings: new Map(),
      policies: new Map(),
    };
    const { signal } = new AbortController();
    return measureMatrix(world, stations, { count: 3, retries: 2, signal });
  };

  it('measures every pair in both directions, with loss and latency', async () => {
    const pairs = await measure(['a', 'b', 'c'], () => ({ stdout: iputils(3, 2) }));
    expect(pairs.map(({ from, to }) => from + to)).toEqual(['ab', 'ac', 'ba', 'bc', 'ca', 'cb']);
    expect(pairs[0]).toEqual({
      from: 'a',
      to: 'b',
      address: '10.0.0.2',
      expected: true,
      because: 'same Subnet',
      observed: true,
      lossPercent: 33,
      latencyMs: 0.6,
      agrees: true,
    });
  });

  it('repeats a measurement that differs from the expectation, and reports a difference that stays', async () => {
    const late = (_: string, __: string, attempt: number) => ({ stdout: iputils(3, attempt === 3 ? 3 : 0) });
    expect((await measure(['a', 'b'], late)).map(({ agrees }) => agrees)).toEqual([true, true]);
    const silent = await measure(['a', 'b'], () => ({ stdout: iputils(3, 0) }));
    expect(silent.map(({ agrees, observed }) => [agrees, observed])).toEqual([
      [false, false],
      [false, false],
    ]);
  });

  it('reports a machine without a route as unable to reach the target', async () => {
    const pairs = await measure(['a', 'b'], () => ({
      code: 2,
      stderr: 'ping: connect: Network is unreachable',
    }));
    expect(pairs[0]).toMatchObject({ observed: false, lossPercent: 100, agrees: false });
  });

  it('rejects when a machine cannot run ping', async () => {
    const measured = measure(['a', 'b'], () => ({ code: 127, stderr: 'ping: not found' }));
    await expect(measured).rejects.toThrow(PingError);
    await expect(measured).rejects.toThrow('a cannot run ping (127): ping: not found');
  });
});
