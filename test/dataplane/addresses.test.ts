import { beforeAll, expect, it } from '@jest/globals';
import { describeLab } from '../support/dataplane/describe.ts';
import type { Guest } from '../support/dataplane/guest.ts';

describeLab('the addresses of VMs', (lab) => {
  beforeAll(async () => {
    await lab().apply(`
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata: { name: main }
spec: { cidr: 10.1.0.0/16 }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: apps }
spec:
  cidr: 10.1.1.0/24
  dhcp:
    dnsServers: [9.9.9.9, 149.112.112.112]
    ntpServers: [192.0.2.123, 192.0.2.124]
    domainName: apps.example
    leaseSeconds: 1800
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: small }
spec: { cidr: 10.1.2.0/24, mtu: 1400, gateway: { mode: None } }
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: Subnet
metadata: { name: silent }
spec: { cidr: 10.1.3.0/24, dhcp: { mode: Disabled } }
`);
  });

  it("come by DHCP with the Subnet's router, DNS, NTP, domain, MTU and lease time", async () => {
    const guest = await lab().guest({ name: 'declared', subnet: 'apps' });
    expect(guest.state.lease).toEqual({
      address: guest.address,
      prefixLength: 24,
      server: '10.1.1.1',
      routers: ['10.1.1.1'],
      dnsServers: ['9.9.9.9', '149.112.112.112'],
      ntpServers: ['192.0.2.123', '192.0.2.124'],
      domainName: 'apps.example',
      mtu: 1442,
      leaseSeconds: 1800,
      routes: [],
    });
    expect(await guest.run('ip', '-4', 'address', 'show', 'dev', 'eth0')).toMatch(
      new RegExp(`mtu 1442 [^]* inet ${guest.address}/24 `),
    );
    expect(await guest.run('ip', 'route')).toContain('default via 10.1.1.1 dev eth0');
  });

  it('are the IP address and the MAC address that the Port specifies', async () => {
    await lab().apply(`
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: static }
spec: { subnetRef: { name: apps }, ipAddress: 10.1.1.77, macAddress: '0A:00:00:00:00:77' }
`);
    const guest = await lab().guest({ name: 'static' });
    expect(guest.state.lease?.address).toBe('10.1.1.77');
    expect(await guest.run('cat', '/sys/class/net/eth0/address')).toBe('0a:00:00:00:00:77\n');
  });

  it('are different for Ports that specify no address', async () => {
    const guests: readonly Guest[] = await lab().guests(
      { name: 'one', subnet: 'apps' },
      { name: 'two', subnet: 'apps' },
      { name: 'three', subnet: 'apps' },
    );
    expect(new Set(guests.map(({ state }) => state.lease?.address)).size).toBe(3);
  });

  it('come with the DHCP options of the Port, which override the options of its Subnet', async () => {
    await lab().apply(`
apiVersion: network.plasmavmc.io/v1alpha1
kind: Port
metadata: { name: special }
spec: { subnetRef: { name: apps }, dhcp: { dnsServers: [192.0.2.53], leaseSeconds: 600 } }
`);
    const { state } = await lab().guest({ name: 'special' });
    expect(state.lease).toMatchObject({
      dnsServers: ['192.0.2.53'],
      leaseSeconds: 600,
      ntpServers: ['192.0.2.123', '192.0.2.124'],
      domainName: 'apps.example',
    });
  });

  it('come without a router when the Subnet has no gateway, and with the MTU of the Subnet', async () => {
    const { state } = await lab().guest({ name: 'isolated', subnet: 'small' });
    expect(state.lease).toMatchObject({ routers: [], mtu: 1400, leaseSeconds: 3600 });
    expect(state.lease).not.toHaveProperty('domainName');
  });

  it('do not come by DHCP when dhcp.mode of the Subnet is Disabled', async () => {
    const guest = await lab().guest({ name: 'silent', subnet: 'silent' });
    expect(guest.state.lease).toBeUndefined();
    const { code } = await guest.attempt([
      'busybox',
      'udhcpc',
      '-i',
      'eth0',
      '-n',
      '-q',
      '-t',
      '2',
      '-T',
      '1',
      '-s',
      '/bin/true',
    ]);
    expect(code).not.toBe(0);
    await lab().eventually(() => guest.reaches('10.1.3.1'));
  });

  it('let a VM reach the gateway', async () => {
    const guest = await lab().guest({ name: 'polite', subnet: 'apps' });
    await lab().eventually(() => guest.reaches('10.1.1.1'));
  });
});
