import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  externalNetwork,
  portIn,
  subnet,
  vpc,
  vpcPeering,
  namespace,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, printable } from '../../support/controllers/offline-cluster.ts';

let cluster: OfflineCluster;
beforeEach(async () => {
  cluster = new OfflineCluster();
  cluster.apply(namespace('default'));
  cluster.apply(externalNetwork('public'));
  cluster.apply(
    vpc('net', {
      cidr: '10.9.0.0/16',
      defaults: 'None',
      externalGateway: { externalNetworkRef: { name: 'public' } },
    }),
  );
  cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
  await cluster.settle();
});

const allowing = (name: string, ...cidrs: readonly string[]) =>
  portIn('a', name, { allowedAddresses: cidrs.map((cidr) => ({ cidr })) });
const ready = (name: string) => cluster.ready('Port', `default/${name}`);
const addressOf = (name: string) =>
  (cluster.get('Port', `default/${name}`)?.status as { ipAddress?: string } | undefined)?.ipAddress;
const security = (name: string): readonly string[] => {
  const uid = cluster.get('Port', `default/${name}`)?.metadata.uid ?? '';
  const row = cluster.writer.states
    .get(uid)
    ?.desired.rows.find(({ table }) => table === 'Logical_Switch_Port');
  const [text = ''] = printable(row?.columns['port_security']) as string[];
  return text.split(' ').slice(2);
};

describe('allowedAddresses of a Port', () => {
  it.each([
    ['169.254.169.254/32', 'link-local addresses'],
    ['0.0.0.0/0', 'addresses without a host'],
    ['0.0.0.0/32', 'addresses without a host'],
    ['169.0.0.0/8', 'link-local addresses'],
    ['127.0.0.0/8', 'loopback addresses'],
    ['224.0.0.18/32', 'multicast addresses'],
    ['255.255.255.255/32', 'reserved addresses'],
    ['240.0.0.0/4', 'reserved addresses'],
    ['10.9.1.1/32', '10.9.1.1, the gateway and DHCP server of the Subnet'],
    ['10.9.1.0/25', '10.9.1.1, the gateway'],
    ['10.9.1.0/32', '10.9.1.0, the network address'],
    ['10.9.1.255/32', '10.9.1.255, the broadcast address'],
    ['10.9.1.128/25', '10.9.1.255, the broadcast address'],
    ['10.9.2.7/32', 'addresses of the VPC (10.9.0.0/16) outside the Subnet (10.9.1.0/24)'],
    ['10.0.0.0/8', 'addresses of the VPC'],
    ['203.0.113.9/32', 'addresses of the ExternalNetwork of the VPC (203.0.113.0/24)'],
  ])('do not include %s, and the other entries are in effect', async (cidr, why) => {
    cluster.apply(allowing('p', cidr, '10.9.1.100/32', '192.0.2.0/24'));
    await cluster.settle();
    expect(ready('p')).toContain(
      `!AllowedAddressRefused: ALLOWED_ADDRESS_REFUSED: spec.allowedAddresses[0].cidr: ${cidr} contains ${why}`,
    );
    expect(security('p')).toEqual(['10.9.1.100/32', '192.0.2.0/24']);
  });

  it('do not include networks of peers', async () => {
    cluster.apply(namespace('b'));
    cluster.apply(vpc('other', { cidr: '10.2.0.0/16', defaults: 'None' }, 'b'));
    cluster.apply(vpcPeering('peer', { peer: { namespace: 'b' } }));
    cluster.apply(vpcPeering('peer', { peer: { namespace: 'default' } }, 'b'));
    cluster.apply(allowing('p', '10.2.3.0/24'));
    await cluster.settle();
    expect(ready('p')).toContain('contains addresses of the peer of the VPCPeering "peer" (10.2.0.0/16)');
    expect(security('p')).toEqual([]);
  });

  it('can be shared by Ports, and no other Port gets them, neither by name nor by allocation', async () => {
    cluster.apply(allowing('p', '10.9.1.4/30', '10.9.1.100/32'));
    cluster.apply(allowing('q', '10.9.1.4/30', '10.9.1.100/32'));
    await cluster.settle();
    expect([ready('p'), ready('q')]).toEqual(['Ready', 'Ready']);
    for (const name of ['r', 's', 't']) cluster.apply(portIn('a', name));
    cluster.apply(portIn('a', 'named', { ipAddress: '10.9.1.100' }));
    await cluster.settle();
    expect(['p', 'q', 'r', 's', 't'].map(addressOf)).toEqual([
      '10.9.1.2',
      '10.9.1.3',
      '10.9.1.8',
      '10.9.1.9',
      '10.9.1.10',
    ]);
    expect(ready('named')).toContain(
      'IP_ALREADY_ALLOCATED: 10.9.1.100 is in spec.allowedAddresses of the Port "p". A virtual address belongs to no Port: delete this Port, and reserve the address in reservedRanges of the Subnet;',
    );
    cluster.delete('Port', 'default/p');
    await cluster.settle();
    expect(ready('named')).toContain('of the Port "q"');
    cluster.apply(allowing('q'));
    await cluster.settle();
    expect(addressOf('named')).toBe('10.9.1.100');
    for (const name of ['u', 'v', 'w', 'x']) cluster.apply(portIn('a', name));
    await cluster.settle();
    expect(['u', 'v', 'w', 'x'].map(addressOf).toSorted()).toEqual([
      '10.9.1.4',
      '10.9.1.5',
      '10.9.1.6',
      '10.9.1.7',
    ]);
  });

  it('do not include the address of another Port until the deletion of that Port, and may include the own address', async () => {
    cluster.apply(portIn('a', 'vip', { ipAddress: '10.9.1.66' }));
    cluster.apply(
      portIn('a', 'own', { ipAddress: '10.9.1.40', allowedAddresses: [{ cidr: '10.9.1.40/29' }] }),
    );
    cluster.apply(allowing('p', '10.9.1.64/26', '10.9.1.20/32'));
    await cluster.settle();
    expect(ready('own')).toBe('Ready');
    expect(ready('p')).toContain(
      'spec.allowedAddresses[0].cidr: 10.9.1.64/26 contains the address of the Port "vip". A virtual address belongs to no Port. The operator ignores the entry; delete that Port, and reserve the address in reservedRanges of the Subnet "a", or use another address.',
    );
    expect(security('p')).toEqual(['10.9.1.20/32']);
    cluster.delete('Port', 'default/vip');
    await cluster.settle();
    expect([ready('p'), security('p')]).toEqual(['Ready', ['10.9.1.64/26', '10.9.1.20/32']]);
  });

  it('are in use until OVN no longer contains them', async () => {
    cluster.apply(allowing('p', '10.9.1.100/32'));
    await cluster.settle();
    cluster.writer.down = true;
    cluster.apply(allowing('p'));
    cluster.apply(portIn('a', 'named', { ipAddress: '10.9.1.100' }));
    await cluster.settle();
    expect(ready('named')).toContain('of the Port "p"');
    cluster.writer.down = false;
    await cluster.settle();
    expect(addressOf('named')).toBe('10.9.1.100');
  });

  it('are still shared after a restart, also when statuses and rows are lost', async () => {
    cluster.apply(allowing('p', '10.9.1.8/29'));
    await cluster.settle();
    cluster.apply(portIn('a', 'named', { ipAddress: '10.9.1.9' }));
    await cluster.restart();
    await cluster.settle();
    expect([ready('p'), ready('named')]).toEqual(['Ready', expect.stringContaining('of the Port "p"')]);
    cluster.writer.states.clear();
    await cluster.restart();
    await cluster.settle();
    expect([ready('p'), ready('named')]).toEqual(['Ready', expect.stringContaining('of the Port "p"')]);
  });

  it.each(['MACAndIP', 'MACOnly', 'Disabled'])(
    'conflict with a Port that reserves a virtual address, whichever comes first (%s)',
    async (spoofingProtection) => {
      const member = (name: string) =>
        portIn('a', name, { spoofingProtection, allowedAddresses: [{ cidr: '10.9.1.100/32' }] });
      const reserving = portIn('a', 'vip', { ipAddress: '10.9.1.100' });
      cluster.apply(reserving);
      await cluster.settle();
      cluster.apply(member('p'));
      await cluster.settle();
      const refused =
        /^!AllowedAddressRefused: .*the Port "vip". A virtual address belongs to no Port\. .*; delete that Port/;
      expect([ready('vip'), ready('p')]).toEqual(['Ready', expect.stringMatching(refused)]);
      cluster.delete('Port', 'default/vip');
      await cluster.runQueue();
      expect(ready('p')).toBe('Ready');
      await cluster.restart();
      cluster.apply(member('q'));
      cluster.apply(reserving);
      await cluster.settle((objects) => objects.toReversed());
      expect([ready('p'), ready('q')]).toEqual(['Ready', 'Ready']);
      expect(ready('vip')).toMatch(/^!IPAlreadyAllocated: .*in spec.allowedAddresses of the Port/);
    },
  );

  it.each(['MACOnly', 'Disabled'])(
    'without a check of IP addresses do not include the gateway address (%s)',
    async (spoofingProtection) => {
      cluster.apply(portIn('a', 'p', { spoofingProtection, allowedAddresses: [{ cidr: '10.9.1.1/32' }] }));
      await cluster.settle();
      expect(ready('p')).toMatch(/^!AllowedAddressRefused: .*10\.9\.1\.1, the gateway/);
    },
  );

  it('without a check of IP addresses hold no addresses in wider networks, and their networks are not checked against Ports', async () => {
    cluster.apply(
      portIn('a', 'p', { spoofingProtection: 'MACOnly', allowedAddresses: [{ cidr: '10.9.1.0/24' }] }),
    );
    cluster.apply(portIn('a', 'q', { ipAddress: '10.9.1.100' }));
    await cluster.settle();
    expect([ready('p'), ready('q')]).toEqual(['Ready', 'Ready']);
  });
});
