import { describe, expect, it } from '@jest/globals';
import { member, nothing, row, rowUuid, type Owner } from '../../../src/ovn/index.ts';
import { MapWriter } from '../../support/controllers/map-writer.ts';

const ownerOf = (kind: string): Owner => ({ kind, namespace: 'default', name: 'x', uid: kind });
const [subnet, port] = [ownerOf('Subnet'), ownerOf('Port')];
const ids = {
  network: rowUuid('network', 't'),
  options: rowUuid('options', 't'),
  port: rowUuid('port', 't'),
};

const network = {
  rows: [row('Logical_Switch', ids.network, { name: 'network' })],
  memberships: [],
};
const withOptions = { ...network, rows: [...network.rows, row('DHCP_Options', ids.options, { cidr: 'x' })] };
const onSwitch = {
  rows: [row('Logical_Switch_Port', ids.port, { name: 'port', dhcpv4_options: ids.options })],
  memberships: [member('Logical_Switch', ids.network, 'ports', ids.port)],
};

describe('the writer of unit tests', () => {
  it.each([
    ['that the rows join', nothing, network],
    ['that a column names', network, withOptions],
  ])(
    'refuses rows while a row %s does not exist, and reports their owner when the row appears',
    async (_what, before, after) => {
      const writer = new MapWriter();
      const reported: string[] = [];
      writer.onDrift(({ kind }, cause) => reported.push(`${kind} ${cause}`));
      await writer.apply(subnet, before);
      await expect(writer.apply(port, onSwitch)).rejects.toMatchObject({ code: 'PARENT_MISSING' });
      await expect(writer.apply(port, onSwitch)).rejects.toMatchObject({ retry: 'wait' });
      expect(writer.present(port.uid)).toEqual(nothing);
      await writer.apply(subnet, after);
      expect(reported).toEqual(['Port awaited']);
    },
  );

  it('removes references to a deleted row, and the rows that only this row held', async () => {
    const writer = new MapWriter();
    await writer.apply(subnet, withOptions);
    await writer.apply(port, onSwitch);
    const reported: string[] = [];
    writer.onDrift(({ kind }, cause) => reported.push(`${kind} ${cause}`));
    await writer.apply(subnet, network);
    expect(reported).toEqual(['Port changed']);
    expect(writer.ownedBy(port.uid).map((each) => Object.keys(each.row))).toEqual([['_uuid', 'name']]);
    await writer.remove(subnet);
    expect([...writer.owners()]).toEqual([]);
  });
});
