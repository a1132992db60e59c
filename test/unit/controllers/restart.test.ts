import { beforeEach, describe, expect, it } from '@jest/globals';
import type { FloatingIP, Port, VPC } from '../../../src/api/index.ts';
import {
  externalNetwork,
  floatingIP,
  namespace,
  portIn,
  subnet,
  vpc,
} from '../../support/controllers/manifests.ts';
import { OfflineCluster, printable } from '../../support/controllers/offline-cluster.ts';
import { externalNetworkRef, forwarding, tenants, translations } from '../../support/controllers/tenants.ts';

let cluster: OfflineCluster;
const statusOf = <T extends { readonly status?: unknown }>(
  kind: string,
  key: string,
): NonNullable<T['status']> => (cluster.get(kind, key) as unknown as T).status!;
const addressOf = (key: string) => statusOf<FloatingIP>('FloatingIP', key).address;

/** Restarts the operator, and reconciles all objects. */
async function restart(): Promise<void> {
  await cluster.restart();
  await cluster.settle();
}

describe('an ExternalNetwork that is edited to a state that is not valid', () => {
  const before = { allocationPools: [{ start: '203.0.113.101', end: '203.0.113.106' }], gatewayReserve: 0 };
  beforeEach(async () => {
    cluster = await tenants(before);
    cluster.apply(floatingIP('ip', { externalNetworkRef }, 'mine'));
    cluster.apply(forwarding('ip', { floatingIPRef: { name: 'ip' } }, 'mine'));
    cluster.apply(forwarding('named', { externalIP: '203.0.113.104', externalPort: 81 }, 'mine'));
    await cluster.settle();
  });

  it.each<[string, object]>([
    ['another gateway', { gateway: '203.0.113.255' }],
    ['allocation pools outside', { allocationPools: [{ start: '192.0.2.1', end: '192.0.2.9' }] }],
    ['reserved ranges outside', { reservedRanges: [{ start: '192.0.2.1', end: '192.0.2.9' }] }],
    ['malformed routed ranges', { routedRanges: ['10.0.0.0/33'] }],
    ['malformed private sources', { privateSources: ['everything'] }],
  ])(
    'keeps all addresses for their holders after a restart, and after the correction: %s',
    async (_what, edit) => {
      const rows = translations(cluster);
      const address = addressOf('mine/ip');
      cluster.apply(externalNetwork('public', { ...before, ...edit }));
      await cluster.settle();
      expect(cluster.ready('ExternalNetwork', 'public')).toMatch(/^!/);
      await restart();
      expect([addressOf('mine/ip'), translations(cluster)]).toEqual([address, rows]);
      cluster.apply(floatingIP('ip', { externalNetworkRef }, 'rival'));
      cluster.apply(floatingIP('named', { externalNetworkRef, address: '203.0.113.104' }, 'rival'));
      await cluster.settle();
      cluster.apply(externalNetwork('public', before));
      await cluster.settle();
      expect(translations(cluster)).toEqual(rows);
      expect([address, addressOf('mine/ip'), addressOf('rival/ip')]).toEqual([
        '203.0.113.103',
        '203.0.113.103',
        '203.0.113.105',
      ]);
      expect(cluster.ready('FloatingIP', 'rival/named')).toMatch(/^!AddressNotAvailable/);
    },
  );

  it('has the limits that were in effect', async () => {
    cluster.apply(externalNetwork('public', { ...before, maxAddressesPerNamespace: 2 }));
    await cluster.settle();
    cluster.apply(
      externalNetwork('public', { ...before, maxAddressesPerNamespace: 9, gateway: '203.0.113.255' }),
    );
    await restart();
    cluster.apply(floatingIP('more', { externalNetworkRef }, 'mine'));
    await cluster.settle();
    expect(cluster.ready('FloatingIP', 'mine/more')).toMatch(/^!QuotaExceeded/);
  });
});

describe('a namespace that may no longer use its ExternalNetwork', () => {
  it('keeps the address of its gateway and of its NatRules, also after a restart', async () => {
    cluster = await tenants();
    cluster.apply(forwarding('named', { externalIP: '203.0.113.150' }, 'mine'));
    await cluster.settle();
    const rows = translations(cluster);
    const [gateway] = statusOf<VPC>('VPC', 'mine/net').gatewayIPs!;
    cluster.apply(
      externalNetwork('public', { allowedNamespaces: { selector: { matchLabels: { 'may-use': 'yes' } } } }),
    );
    cluster.apply(namespace('rival', { 'may-use': 'yes' }));
    await cluster.settle();
    expect(cluster.ready('VPC', 'mine/net')).toMatch(/^!ExternalNetworkNotAllowed/);
    await restart();
    for (const address of [gateway, '203.0.113.150']) {
      cluster.apply(floatingIP(`ip-${address!}`, { externalNetworkRef, address }, 'rival'));
      await cluster.settle();
      expect(cluster.ready('FloatingIP', `rival/ip-${address!}`)).toMatch(/^!AddressNotAvailable/);
    }
    cluster.apply(externalNetwork('public'));
    await cluster.settle();
    expect(translations(cluster)).toEqual(rows);
  });
});

describe('a Subnet that is edited to a state that is not valid', () => {
  const reserved = [{ start: '10.9.255.2', end: '10.9.255.9' }];
  const outside = [{ start: '192.0.2.1', end: '192.0.2.1' }];
  beforeEach(() => {
    cluster = new OfflineCluster();
    cluster.apply(vpc('net', { cidr: '10.9.0.0/16', defaults: 'None' }));
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['reserved ranges outside its range', { reservedRanges: outside }],
    ['allocation pools outside its range', { allocationPools: outside, reservedRanges: reserved }],
    ['a gateway outside its range', { gateway: { mode: 'Address', address: '192.0.2.1' } }],
    ['the gateway of a Port', { gateway: { mode: 'Address', address: '10.9.255.50' } }],
    ['an MTU that no packet has', { mtu: 1, reservedRanges: [] }],
  ])('allocates as before after a restart: %s', async (_what, edit) => {
    cluster.apply(subnet('a', { reservedRanges: reserved }));
    cluster.apply(portIn('a', 'old', { ipAddress: '10.9.255.50' }));
    await cluster.settle();
    cluster.apply(subnet('a', edit));
    await cluster.settle();
    expect(cluster.ready('Subnet', 'default/a')).toMatch(/^!/);
    await restart();
    cluster.apply(portIn('a', 'new'));
    cluster.apply(portIn('a', 'router', { ipAddress: '10.9.255.1' }));
    cluster.apply(portIn('a', 'reserved', { ipAddress: '10.9.255.5' }));
    await cluster.settle();
    expect(statusOf<Port>('Port', 'default/new').ipAddress).toBe('10.9.255.10');
    expect(cluster.ready('Port', 'default/router')).toMatch(/is the gateway address of/);
    expect(cluster.ready('Port', 'default/reserved')).toMatch(/is reserved in/);
  });

  it('allocates nothing after a restart if OVN lost its rows, and keeps the addresses of its Ports', async () => {
    cluster.apply(subnet('a', { reservedRanges: reserved }));
    cluster.apply(portIn('a', 'old'));
    await cluster.settle();
    cluster.apply(subnet('a', { reservedRanges: outside }));
    await cluster.settle();
    cluster.writer.states.clear();
    await restart();
    cluster.apply(portIn('a', 'new'));
    await cluster.settle();
    expect(statusOf<Port>('Port', 'default/new')).not.toHaveProperty('ipAddress');
    cluster.apply(subnet('a', { reservedRanges: reserved }));
    await cluster.settle();
    expect(['old', 'new'].map((name) => statusOf<Port>('Port', `default/${name}`).ipAddress)).toEqual([
      '10.9.255.10',
      '10.9.255.11',
    ]);
  });

  it('holds no range in the VPC if it was never valid', async () => {
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24', reservedRanges: outside }));
    await cluster.settle();
    cluster.apply(subnet('b', { cidr: '10.9.1.0/24' }));
    await cluster.settle();
    expect(cluster.ready('Subnet', 'default/b')).toBe('Ready');
  });

  it('that a user deleted during the restart holds its range until its rows are removed', async () => {
    cluster.apply(subnet('a', { cidr: '10.9.1.0/24' }));
    await cluster.settle();
    cluster.forceDelete('Subnet', 'default/a');
    cluster.env.client.get = () => Promise.reject(new Error('the API server does not answer'));
    await cluster.restart();
    cluster.apply(subnet('b', { cidr: '10.9.1.0/24' }));
    await cluster.settle();
    expect(cluster.ready('Subnet', 'default/b')).toMatch(
      /^!CIDROverlap: .*a Subnet that the operator is removing/,
    );
  });
});

describe('a VPC whose namespace gets another organization', () => {
  const label = (organization: string) => ({ 'network.plasmavmc.io/organization': organization });
  const cidrOf = (key: string) => statusOf<VPC>('VPC', key).cidr;
  const rowsOf = (key: string) =>
    printable(cluster.writer.states.get(cluster.get('VPC', key)!.metadata.uid)?.desired);
  const steps: [string, () => Promise<void>][] = [
    ['without a restart', () => cluster.settle()],
    ['with a restart before the reconcile', restart],
    [
      'with a restart after the reconcile',
      async () => {
        await cluster.settle();
        await restart();
      },
    ],
  ];

  describe.each<[string, object]>([
    ['with a cidr', { cidr: '10.0.0.0/16' }],
    ['without a cidr', {}],
  ])('%s', (_what, spec) => {
    beforeEach(async () => {
      cluster = new OfflineCluster();
      cluster.apply(namespace('a', label('acme')));
      cluster.apply(namespace('b', label('other')));
      cluster.apply(vpc('net', { ...spec, defaults: 'None' }, 'a'));
      cluster.apply(subnet('web', {}, 'a'));
      cluster.apply(portIn('web', 'p', {}, 'a'));
      await cluster.settle();
    });

    it.each(steps)(
      'keeps its range, which no other VPC of either organization gets (%s)',
      async (_how, settle) => {
        const rows = rowsOf('a/net');
        cluster.apply(namespace('a', label('other')));
        await settle();
        expect([cluster.ready('VPC', 'a/net'), cidrOf('a/net'), rowsOf('a/net')]).toEqual([
          'Ready',
          '10.0.0.0/16',
          rows,
        ]);
        for (const organization of ['acme', 'other']) {
          cluster.apply(namespace(`in-${organization}`, label(organization)));
          cluster.apply(vpc('net', { cidr: '10.0.128.0/17', defaults: 'None' }, `in-${organization}`));
          await cluster.settle();
          expect(cluster.ready('VPC', `in-${organization}/net`)).toMatch(/^!CIDROverlap/);
        }
        cluster.apply(namespace('a', label('acme')));
        await settle();
        expect([cluster.ready('VPC', 'a/net'), rowsOf('a/net')]).toEqual(['Ready', rows]);
        cluster.apply(vpc('net', { cidr: '10.0.128.0/17', defaults: 'None' }, 'in-other'));
        await cluster.settle();
        expect(cluster.ready('VPC', 'in-other/net')).toBe('Ready');
      },
    );

    it.each(steps)(
      'reports an overlap in the new organization until the overlap ends, and works meanwhile (%s)',
      async (_how, settle) => {
        cluster.apply(vpc('net', { cidr: '10.0.0.0/17', defaults: 'None' }, 'b'));
        await cluster.settle();
        const rows = rowsOf('a/net');
        cluster.apply(namespace('a', label('other')));
        await settle();
        expect(cluster.ready('VPC', 'a/net')).toMatch(
          /^!CIDROverlap: .*10\.0\.0\.0\/16 .*The VPC keeps its range.*organization \(label .*\), or create/,
        );
        expect([cidrOf('a/net'), rowsOf('a/net'), cluster.ready('VPC', 'b/net')]).toEqual([
          '10.0.0.0/16',
          rows,
          'Ready',
        ]);
        expect(JSON.stringify(cluster.get('VPC', 'a/net')!.status)).not.toMatch(/"b"|b\/net|10\.0\.0\.0\/17/);
        cluster.apply(portIn('web', 'q', {}, 'a'));
        await cluster.settle();
        expect(cluster.ready('Port', 'a/q')).toBe('Ready');
        cluster.delete('VPC', 'b/net');
        await cluster.settle();
        expect([cluster.ready('VPC', 'a/net'), rowsOf('a/net')]).toEqual(['Ready', rows]);
      },
    );

    it('is woken when the overlapping VPC is deleted', async () => {
      cluster.apply(vpc('net', { cidr: '10.0.0.0/17', defaults: 'None' }, 'b'));
      await cluster.runQueue();
      cluster.apply(namespace('a', label('other')));
      await cluster.runQueue();
      expect(cluster.ready('VPC', 'a/net')).toMatch(/^!CIDROverlap/);
      cluster.delete('VPC', 'b/net');
      await cluster.runQueue();
      expect(cluster.ready('VPC', 'a/net')).toBe('Ready');
    });
  });

  it('frees its range in both organizations when it is deleted', async () => {
    cluster = new OfflineCluster();
    cluster.apply(namespace('a', label('acme')));
    cluster.apply(vpc('net', { cidr: '10.0.0.0/16', defaults: 'None' }, 'a'));
    await cluster.settle();
    cluster.apply(namespace('a', label('other')));
    await cluster.settle();
    cluster.delete('VPC', 'a/net');
    await cluster.settle();
    for (const organization of ['acme', 'other']) {
      cluster.apply(namespace(`in-${organization}`, label(organization)));
      cluster.apply(vpc('net', { cidr: '10.0.0.0/16', defaults: 'None' }, `in-${organization}`));
    }
    await cluster.settle();
    expect(['acme', 'other'].map((each) => cluster.ready('VPC', `in-${each}/net`))).toEqual([
      'Ready',
      'Ready',
    ]);
  });

  it('waits for its namespace before it gets a range, whose organization would be unknown', async () => {
    cluster = new OfflineCluster();
    cluster.apply(vpc('net', { defaults: 'None' }, 'late'));
    cluster.forceDelete('Namespace', 'late');
    await cluster.settle();
    expect(cluster.ready('VPC', 'late/net')).toMatch(/^!NamespaceNotRead/);
    cluster.apply(namespace('late', label('acme')));
    await cluster.runQueue();
    expect(statusOf<VPC>('VPC', 'late/net')).toMatchObject({ organization: 'acme', cidr: '10.0.0.0/16' });
  });
});
