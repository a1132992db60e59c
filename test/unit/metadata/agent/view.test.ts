import { describe, expect, it } from '@jest/globals';
import { localNetworks } from '../../../../src/metadata/agent/view.ts';
import type { Row, Value } from '../../../../src/ovn/ovsdb/index.ts';

const here = 'chassis-here';
const subnet = '11111111-1111-4111-8111-111111111111';

let serial = 0;
const binding = (columns: Readonly<Record<string, Value>>): Row => ({
  _uuid: `row-${++serial}`,
  type: '',
  datapath: 'datapath-1',
  mac: new Set<string>(),
  chassis: new Set<string>(),
  additional_chassis: new Set<string>(),
  external_ids: new Map<string, string>(),
  ...columns,
});

const marks = (kind: string, name: string, uid: string, more: Readonly<Record<string, string>> = {}) =>
  new Map(
    Object.entries({
      'overlay-network/cluster': 'default',
      'overlay-network/owner': `${kind}/red/${name}`,
      'overlay-network/uid': uid,
      ...more,
    }),
  );

const service = (columns: Readonly<Record<string, Value>> = {}): Row =>
  binding({
    type: 'localport',
    logical_port: 'on_subnet_metadata',
    mac: new Set(['0a:00:00:00:00:fe 169.254.169.254']),
    external_ids: marks('Subnet', 'net', subnet),
    ...columns,
  });

const machine = (name: string, columns: Readonly<Record<string, Value>> = {}): Row =>
  binding({
    logical_port: `uid-${name}`,
    mac: new Set([`0A:00:00:00:00:01 10.0.0.1`]),
    chassis: new Set([here]),
    external_ids: marks('Port', name, `uid-${name}`, { 'overlay-network/subnet': subnet }),
    ...columns,
  });

/** Addresses, and who has them, by network. */
const seen = (...rows: readonly Row[]) =>
  Object.fromEntries(
    [...localNetworks(rows, here, 'default')].map(([uid, { ports }]) => [
      uid,
      Object.fromEntries([...ports].map(([address, { name }]) => [address, name])),
    ]),
  );

describe('the networks of a hypervisor', () => {
  it('are those with the service and a Port that is bound there', () => {
    expect(localNetworks([service(), machine('web')], here, 'default')).toEqual(
      new Map([
        [
          subnet,
          {
            subnetUID: subnet,
            interfaceID: 'on_subnet_metadata',
            macAddress: '0a:00:00:00:00:fe',
            ports: new Map([
              [
                '10.0.0.1',
                {
                  namespace: 'red',
                  name: 'web',
                  uid: 'uid-web',
                  subnetUID: subnet,
                  macAddress: '0a:00:00:00:00:01',
                },
              ],
            ]),
          },
        ],
      ]),
    );
  });

  it('have a Port that is about to arrive, too', () => {
    const coming = { chassis: new Set(['other']), additional_chassis: new Set([here]) };
    expect(seen(service(), machine('web', coming))).toEqual({ [subnet]: { '10.0.0.1': 'web' } });
  });

  it.each([
    ['is bound elsewhere', { chassis: new Set(['other']) }],
    ['is bound nowhere', { chassis: new Set<string>() }],
    ['is of another network', { datapath: 'datapath-2' }],
    ['has no address', { mac: new Set(['0a:00:00:00:00:01', 'unknown']) }],
    ['has no marks of ours', { external_ids: new Map() }],
    [
      'is not of the kind Port',
      { external_ids: marks('VPC', 'x', 'u', { 'overlay-network/subnet': subnet }) },
    ],
    ['does not say its Subnet', { external_ids: marks('Port', 'web', 'uid-web') }],
    [
      "is another cluster's",
      {
        external_ids: new Map([
          ...marks('Port', 'web', 'uid-web', { 'overlay-network/subnet': subnet }),
          ['overlay-network/cluster', 'other'],
        ]),
      },
    ],
    ['is no machine', { type: 'l3gateway' }],
  ])('do not count a Port that %s', (_, columns) => {
    expect(seen(service(), machine('web', columns))).toEqual({});
  });

  it.each([
    ["is another cluster's", { external_ids: new Map([['overlay-network/cluster', 'other']]) }],
    ['is nobody’s', { external_ids: new Map() }],
    ['is not of a Subnet', { external_ids: marks('VPC', 'x', subnet) }],
    ['has no address', { mac: new Set<string>() }],
  ])('do not count a service that %s', (_, columns) => {
    expect(seen(service(columns), machine('web'))).toEqual({});
  });

  it('take an address that two Ports have for nobody’s', () => {
    expect(seen(service(), machine('web'), machine('twin'))).toEqual({});
    const other = machine('other', { mac: new Set(['unknown', '0a:00:00:00:00:02 10.0.0.2']) });
    expect(seen(service(), machine('web'), machine('twin'), machine('third'), other)).toEqual({
      [subnet]: { '10.0.0.2': 'other' },
    });
  });
});
