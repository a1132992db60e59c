import { describe, expect, it } from '@jest/globals';
import { changedChassis, readChassis, readMacMappings } from '../../../src/ovn/southbound/chassis.ts';
import type { Row } from '../../../src/ovn/ovsdb/index.ts';

const row = (name: string, columns: Readonly<Record<string, Readonly<Record<string, string>>>>): Row => ({
  _uuid: `uuid of ${name}`,
  name,
  ...Object.fromEntries(Object.entries(columns).map(([key, map]) => [key, new Map(Object.entries(map))])),
});
const read = (...rows: Row[]) => readChassis({ rows: () => rows });

describe('the chassis of the Southbound database', () => {
  it('are sorted by name and have the options of their administrator', () => {
    const hosts = read(
      row('b', { other_config: { 'ovn-cms-options': 'availability-zones=az1,enable-chassis-as-gw' } }),
      row('a', { other_config: { 'ovn-bridge-mappings': 'physnet1:br-ex, vlans:br-vlan' } }),
    );
    expect(hosts).toEqual([
      { name: 'a', isGateway: false, physicalNetworks: ['physnet1', 'vlans'] },
      { name: 'b', isGateway: true, physicalNetworks: [] },
    ]);
  });

  it('have options from external_ids unless other_config sets them', () => {
    const old = { 'ovn-cms-options': 'enable-chassis-as-gw', 'ovn-bridge-mappings': 'old:br-ex' };
    expect(read(row('a', { external_ids: old }))).toEqual([
      { name: 'a', isGateway: true, physicalNetworks: ['old'] },
    ]);
    expect(read(row('a', { external_ids: old, other_config: { 'ovn-cms-options': '' } }))).toEqual([
      { name: 'a', isGateway: false, physicalNetworks: ['old'] },
    ]);
  });

  it('do not include chassis that ovn-ic copied from other availability zones', () => {
    expect(read(row('a', { other_config: { 'is-remote': 'true' } }), row('b', {}))).toMatchObject([
      { name: 'b' },
    ]);
  });

  it('have the MAC addresses from ovn-chassis-mac-mappings by physical network', () => {
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

  it('are not gateways if an option only begins with enable-chassis-as-gw', () => {
    const [host] = read(row('a', { other_config: { 'ovn-cms-options': 'enable-chassis-as-gw-later' } }));
    expect(host?.isGateway).toBe(false);
  });

  it('differ if they were added, removed or changed', () => {
    const host = (name: string, ...physicalNetworks: string[]) => ({
      name,
      isGateway: false,
      physicalNetworks,
    });
    const before = [host('a'), host('b'), host('c', 'x')];
    expect([...changedChassis(before, [host('a'), host('c', 'y'), host('d')])].sort()).toEqual([
      'b',
      'c',
      'd',
    ]);
    expect(changedChassis(before, [host('a'), host('b'), host('c', 'x')]).size).toBe(0);
  });
});
