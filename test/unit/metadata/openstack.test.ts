import { describe, expect, it } from '@jest/globals';
import { SourceError } from '../../../src/metadata/index.ts';
import { ask, bare, read, web1 } from './support.ts';

const readJson = (path: string, instance = web1): unknown => JSON.parse(read(path, instance));

/** The versions that cloud-init supports (cloudinit/sources/helpers/openstack.py), with the newest version last. */
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

describe('the documents in the format of OpenStack', () => {
  it('have a list of versions, one on each line, with or without a slash at the end of the path', () => {
    for (const path of ['/openstack', '/openstack/'])
      expect(read(path).split('\n')).toEqual(expect.arrayContaining([...known, 'latest']));
  });

  it('exist only in the listed versions', () => {
    for (const version of read('/openstack').split('\n'))
      expect(ask(`/openstack/${version}/meta_data.json`).status).toBe(200);
    expect(ask('/openstack/2099-01-01/meta_data.json').status).toBe(404);
  });

  it('have a list of the documents of a version', () => {
    const others = ['meta_data.json', 'network_data.json', 'vendor_data.json', 'vendor_data2.json'];
    expect(read('/openstack/latest/').split('\n').sort()).toEqual([...others, 'user_data'].sort());
    expect(read('/openstack/latest/', bare).split('\n').sort()).toEqual(others.sort());
  });

  it('identify the machine, with its SSH keys', () => {
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

  it('refer to DHCP for the address', () => {
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
  ])('contain the address without DHCP: the mask of /%i is %s', (prefixLength, netmask) => {
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

  it('have no route without a gateway, and no MTU and DNS servers when these are unknown', () => {
    expect(readJson('/openstack/latest/network_data.json', { ...bare, dhcp: false })).toMatchObject({
      links: [{ id: 'interface0', type: 'ovs', ethernet_mac_address: '0a:58:0a:0a:01:0b' }],
      networks: [{ type: 'ipv4', routes: [] }],
      services: [],
    });
  });

  it('contain the unchanged bytes of the user data', () => {
    const userData = Buffer.from([0, 0xff, 0x1f, 0x8b]);
    expect(ask('/openstack/2018-08-27/user_data', { instance: { ...web1, userData } }).body).toEqual(
      userData,
    );
    expect(ask('/openstack/2018-08-27/user_data', { instance: bare }).status).toBe(404);
  });

  it('include empty vendor data, so that clients do not log missing documents', () => {
    expect(readJson('/openstack/2018-08-27/vendor_data.json')).toEqual({});
    expect(readJson('/openstack/2018-08-27/vendor_data2.json')).toEqual({});
  });

  it('have the content type of JSON', () => {
    expect(ask('/openstack/latest/meta_data.json').headers['content-type']).toBe('application/json');
  });

  it('answer 503 for unreadable user data, and contain the other data', () => {
    const instance = {
      ...bare,
      sourceProblem: new SourceError('METADATA_SOURCE_NOT_FOUND', 'Secret', 'team-a', 'web'),
    };
    expect(ask('/openstack/latest/user_data', { instance }).status).toBe(503);
    expect(readJson('/openstack/latest/meta_data.json', instance)).toMatchObject({ uuid: 'vm-0815' });
    expect(read('/openstack/latest/', instance)).not.toContain('user_data');
  });

  it.each(['/openstack/latest/password', '/openstack/content/0000', '/openstack/latest/meta_data.json/x'])(
    'do not include %s',
    (path) => {
      expect(ask(path).status).toBe(404);
    },
  );
});
