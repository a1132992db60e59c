import { describe, expect, it } from '@jest/globals';
import { parseLease } from '../../../src/dev/lab/lease.ts';

describe('parseLease', () => {
  it('reads every option that the DHCP server sent', () => {
    const environment = [
      'HOME=/root',
      'interface=eth0',
      'ip=10.1.1.5',
      'mask=24',
      'subnet=255.255.255.0',
      'serverid=10.1.1.1',
      'router=10.1.1.1',
      'dns=9.9.9.9 149.112.112.112',
      'ntpsrv=192.0.2.123',
      'domain=apps.example',
      'mtu=1442',
      'lease=3600',
      'staticroutes=169.254.169.254/32 10.1.1.2 0.0.0.0/0 10.1.1.1',
      '',
    ].join('\n');
    expect(parseLease(environment)).toEqual({
      address: '10.1.1.5',
      prefixLength: 24,
      server: '10.1.1.1',
      routers: ['10.1.1.1'],
      dnsServers: ['9.9.9.9', '149.112.112.112'],
      ntpServers: ['192.0.2.123'],
      domainName: 'apps.example',
      mtu: 1442,
      leaseSeconds: 3600,
      routes: [
        { destination: '169.254.169.254/32', gateway: '10.1.1.2' },
        { destination: '0.0.0.0/0', gateway: '10.1.1.1' },
      ],
    });
  });

  it('omits options that the DHCP server did not send', () => {
    expect(parseLease('ip=10.1.1.5\nmask=24\nmtu=\n')).toEqual({
      address: '10.1.1.5',
      prefixLength: 24,
      routers: [],
      dnsServers: [],
      ntpServers: [],
      routes: [],
    });
  });

  it('rejects a lease without an address', () => {
    expect(() => parseLease('interface=eth0')).toThrow(/no address/);
  });
});
