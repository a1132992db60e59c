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

/** The names of the Ports by network and address. */
const seen = (...rows: readonly Row[]) =>
  Object.fromEntries(
    [...localNetworks(rows, here, 'default')].map(([uid, { ports }]) => [
      uid,
      Object.fromEntries([...ports].map(([address, { name }]) => [address, name])),
    ]),
  );

describe('localNetworks', () => {
  it('returns the networks with a metadata service and a Port on the hypervisor', () => {
    expect(localNetworks([service(), machine('web')], here, 'default')).toEqual(
      new Map([
        [
          subnet,
          {
            subnetUid: subnet,
            interfaceId: 'on_subnet_metadata',
            macAddress: '0a:00:00:00:00:fe',
            ports: new Map([
              [
                '10.0.0.1',
                {
                  namespace: 'red',
                  name: 'web',
                  uid: 'uid-web',
                  subnetUid: subnet,
                  macAddress: '0a:00:00:00:00:01',
                },
              ],
            ]),
          },
        ],
      ]),
    );
  });

  it('includes a Port that migrates to the hypervisor', () => {
    const coming = { chassis: new Set(['other']), additional_chassis: new Set([here]) };
    expect(seen(service(), machine('web', coming))).toEqual({ [subnet]: { '10.0.0.1': 'web' } });
  });

  it.each([
    ['is bound elsewhere', { chassis: new Set(['other']) }],
    ['is bound nowhere', { chassis: new Set<string>() }],
    ['is in another network', { datapath: 'datapath-2' }],
    ['has no address', { mac: new Set(['0a:00:00:00:00:01', 'unknown']) }],
    ['has no marks of the operator', { external_ids: new Map() }],
    [
      'is not of the kind Port',
      { external_ids: marks('VPC', 'x', 'u', { 'overlay-network/subnet': subnet }) },
    ],
    ['has no mark of a Subnet', { external_ids: marks('Port', 'web', 'uid-web') }],
    [
      'belongs to another cluster',
      {
        external_ids: new Map([
          ...marks('Port', 'web', 'uid-web', { 'overlay-network/subnet': subnet }),
          ['overlay-network/cluster', 'other'],
        ]),
      },
    ],
    ['has the type of a gateway', { type: 'l3gateway' }],
  ])('ignores a Port that %s', (_, columns) => {
    expect(seen(service(), machine('web', columns))).toEqual({});
  });

  it.each([
    ['belongs to another cluster', { external_ids: new Map([['overlay-network/cluster', 'other']]) }],
    ['has no marks', { external_ids: new Map() }],
    ['does not belong to a Subnet', { external_ids: marks('VPC', 'x', subnet) }],
    ['has no address', { mac: new Set<string>() }],
  ])('ignores a service that %s', (_, columns) => {
    expect(seen(service(columns), machine('web'))).toEqual({});
  });

  it('ignores an address that two Ports have', () => {
    expect(seen(service(), machine('web'), machine('twin'))).toEqual({});
    const other = machine('other', { mac: new Set(['unknown', '0a:00:00:00:00:02 10.0.0.2']) });
    expect(seen(service(), machine('web'), machine('twin'), machine('third'), other)).toEqual({
      [subnet]: { '10.0.0.2': 'other' },
    });
  });
});
