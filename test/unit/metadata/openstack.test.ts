import { describe, expect, it } from '@jest/globals';
import { SourceError } from '../../../src/metadata/index.ts';
import { ask, bare, read, web1 } from './support.ts';

const readJson = (path: string, instance = web1): unknown => JSON.parse(read(path, instance));

/** The versions that cloud-init knows (cloudinit/sources/helpers/openstack.py), the newest last. */
const known = [
  '2012-08-10',
  '2013-04-04',
  '2013-10-17',
  '2015-10-15',
  '2016-06-30',
  '2016-10-06',
  '2017-02-22',
  '2018-08-27',
];

describe('the documents in the style of OpenStack', () => {
  it('have their versions listed one a line, with or without a slash at the end of the path', () => {
    for (const path of ['/openstack', '/openstack/'])
      expect(read(path).split('\n')).toEqual(expect.arrayContaining([...known, 'latest']));
  });

  it('are in every version that is listed, and in no other', () => {
    for (const version of read('/openstack').split('\n'))
      expect(ask(`/openstack/${version}/meta_data.json`).status).toBe(200);
    expect(ask('/openstack/2099-01-01/meta_data.json').status).toBe(404);
  });

  it('list what a version has', () => {
    const others = ['meta_data.json', 'network_data.json', 'vendor_data.json', 'vendor_data2.json'];
    expect(read('/openstack/latest/').split('\n').sort()).toEqual([...others, 'user_data'].sort());
    expect(read('/openstack/latest/', bare).split('\n').sort()).toEqual(others.sort());
  });

  it('say who the machine is, with its keys', () => {
    expect(readJson('/openstack/2018-08-27/meta_data.json')).toEqual({
      uuid: 'vm-0815',
      name: 'web-1.example.com',
      hostname: 'web-1.example.com',
      launch_index: 0,
      public_keys: { 'key-0': web1.sshKeys[0], 'key-1': web1.sshKeys[1] },
      keys: [
        { name: 'key-0', type: 'ssh', data: web1.sshKeys[0] },
        { name: 'key-1', type: 'ssh', data: web1.sshKeys[1] },
      ],
    });
    expect(readJson('/openstack/latest/meta_data.json', bare)).toEqual({
      uuid: 'vm-0815',
      name: 'bare',
      hostname: 'bare',
      launch_index: 0,
    });
  });

  it('leave the address to DHCP', () => {
    expect(readJson('/openstack/2018-08-27/network_data.json')).toEqual({
      links: [{ id: 'interface0', type: 'ovs', ethernet_mac_address: '0a:58:0a:0a:01:0b', mtu: 1442 }],
      networks: [{ id: 'network0', link: 'interface0', network_id: 'network0', type: 'ipv4_dhcp' }],
      services: [
        { type: 'dns', address: '9.9.9.9' },
        { type: 'dns', address: '149.112.112.112' },
      ],
    });
  });

  it.each([
    [24, '255.255.255.0'],
    [0, '0.0.0.0'],
    [13, '255.248.0.0'],
    [30, '255.255.255.252'],
    [32, '255.255.255.255'],
  ])('spell the address out where there is no DHCP: /%i is %s', (prefixLength, netmask) => {
    const instance = { ...web1, dhcp: false, prefixLength };
    expect(readJson('/openstack/latest/network_data.json', instance)).toMatchObject({
      networks: [
        {
          type: 'ipv4',
          link: 'interface0',
          ip_address: '10.10.1.11',
          netmask,
          routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.10.1.1' }],
        },
      ],
    });
  });

  it('have no route where there is no gateway, and no MTU and DNS servers where none are known', () => {
    expect(readJson('/openstack/latest/network_data.json', { ...bare, dhcp: false })).toMatchObject({
      links: [{ id: 'interface0', type: 'ovs', ethernet_mac_address: '0a:58:0a:0a:01:0b' }],
      networks: [{ type: 'ipv4', routes: [] }],
      services: [],
    });
  });

  it('have the user data byte for byte', () => {
    const userData = Buffer.from([0, 0xff, 0x1f, 0x8b]);
    expect(ask('/openstack/2018-08-27/user_data', { instance: { ...web1, userData } }).body).toEqual(
      userData,
    );
    expect(ask('/openstack/2018-08-27/user_data', { instance: bare }).status).toBe(404);
  });

  it('have empty vendor data, of which nobody logs that it is missing', () => {
    expect(readJson('/openstack/2018-08-27/vendor_data.json')).toEqual({});
    expect(readJson('/openstack/2018-08-27/vendor_data2.json')).toEqual({});
  });

  it('are JSON by their type', () => {
    expect(ask('/openstack/latest/meta_data.json').headers['content-type']).toBe('application/json');
  });

  it('refuse user data that cannot be read with 503, and say the rest', () => {
    const instance = {
      ...bare,
      sourceProblem: new SourceError('METADATA_SOURCE_NOT_FOUND', 'Secret', 'team-a', 'web'),
    };
    expect(ask('/openstack/latest/user_data', { instance }).status).toBe(503);
    expect(readJson('/openstack/latest/meta_data.json', instance)).toMatchObject({ uuid: 'vm-0815' });
    expect(read('/openstack/latest/', instance)).not.toContain('user_data');
  });

  it.each(['/openstack/latest/password', '/openstack/content/0000', '/openstack/latest/meta_data.json/x'])(
    'are not at %s',
    (path) => {
      expect(ask(path).status).toBe(404);
    },
  );
});
