import { describe, expect, it } from '@jest/globals';
import { readChassis, readMacMappings } from '../../../src/ovn/southbound/chassis.ts';
import type { Row } from '../../../src/ovn/ovsdb/index.ts';

const row = (name: string, columns: Readonly<Record<string, Readonly<Record<string, string>>>>): Row => ({
  _uuid: `uuid of ${name}`,
  name,
  ...Object.fromEntries(Object.entries(columns).map(([key, map]) => [key, new Map(Object.entries(map))])),
});
const read = (...rows: Row[]) => readChassis({ rows: () => rows });

describe('hosts in the Southbound database', () => {
  it('are read by name, with what their administrator says of them', () => {
    const hosts = read(
      row('b', { other_config: { 'ovn-cms-options': 'availability-zones=az1,enable-chassis-as-gw' } }),
      row('a', { other_config: { 'ovn-bridge-mappings': 'physnet1:br-ex, vlans:br-vlan' } }),
    );
    expect(hosts).toEqual([
      { name: 'a', isGateway: false, physicalNetworks: ['physnet1', 'vlans'] },
      { name: 'b', isGateway: true, physicalNetworks: [] },
    ]);
  });

  it('of older versions say it in external_ids, which newer ones overrule', () => {
    const old = { 'ovn-cms-options': 'enable-chassis-as-gw', 'ovn-bridge-mappings': 'old:br-ex' };
    expect(read(row('a', { external_ids: old }))).toEqual([
      { name: 'a', isGateway: true, physicalNetworks: ['old'] },
    ]);
    expect(read(row('a', { external_ids: old, other_config: { 'ovn-cms-options': '' } }))).toEqual([
      { name: 'a', isGateway: false, physicalNetworks: ['old'] },
    ]);
  });

  it('are those of this zone: ovn-ic has copies of others there', () => {
    expect(read(row('a', { other_config: { 'is-remote': 'true' } }), row('b', {}))).toMatchObject([
      { name: 'b' },
    ]);
  });

  it('have a MAC address on each physical network that their administrator gives them one for', () => {
    const rows = [
      row('a', {
        other_config: { 'ovn-chassis-mac-mappings': 'physnet1:02:00:00:00:01:0a, vlans:nonsense' },
      }),
      row('b', {}),
      row('c', { other_config: { 'is-remote': 'true', 'ovn-chassis-mac-mappings': 'x:02:00:00:00:01:0c' } }),
    ];
    const macs = readMacMappings({ rows: () => rows });
    expect([...macs.keys()]).toEqual(['a', 'b']);
    expect(macs.get('a')?.get('physnet1')).toBe('02:00:00:00:01:0a');
    expect(macs.get('a')?.get('vlans')).toBe('nonsense');
    expect(macs.get('b')?.get('physnet1')).toBeUndefined();
  });

  it('are no gateways by an option that only begins like the right one', () => {
    const [host] = read(row('a', { other_config: { 'ovn-cms-options': 'enable-chassis-as-gw-later' } }));
    expect(host?.isGateway).toBe(false);
  });
});
