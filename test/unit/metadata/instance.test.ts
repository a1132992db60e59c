import { describe, expect, it } from '@jest/globals';
import {
  readInstance,
  SourceError,
  type SourceKind,
  type SourceReader,
} from '../../../src/metadata/index.ts';
import { port, web1 } from './support.ts';

/** Has the given objects by `kind namespace/name`, and records the reads. */
class Sources implements SourceReader {
  readonly asked: string[] = [];
  readonly #objects: Readonly<Record<string, Readonly<Record<string, Buffer>> | Error>>;

  constructor(objects: Readonly<Record<string, Readonly<Record<string, Buffer>> | Error>> = {}) {
    this.#objects = objects;
  }

  read(kind: SourceKind, namespace: string, name: string): Promise<Readonly<Record<string, Buffer>>> {
    const key = `${kind} ${namespace}/${name}`;
    this.asked.push(key);
    const found = this.#objects[key] ?? new SourceError('METADATA_SOURCE_NOT_FOUND', kind, namespace, name);
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  }
}

const secretRef = { metadata: { sourceRef: { name: 'web' } } };

describe('the instance data of a Port', () => {
  it('comes from the status, without a read of an object when the Port references no object', async () => {
    const sources = new Sources();
    const full = { gatewayIP: '10.10.1.1', mtu: 1442, dnsServers: ['9.9.9.9'] };
    expect(await readInstance(port({}, full), sources)).toEqual({
      namespace: 'team-a',
      portName: 'web-1',
      portUid: web1.portUid,
      instanceId: web1.portUid,
      hostname: 'web-1',
      macAddress: web1.macAddress,
      ipAddress: web1.ipAddress,
      prefixLength: 24,
      ...full,
      dhcp: true,
      sshKeys: [],
    });
    expect(sources.asked).toEqual([]);
  });

  it.each(['macAddress', 'ipAddress', 'prefixLength'])(
    'is undefined while the status has no %s',
    async (field) => {
      expect(await readInstance(port({}, { [field]: undefined }), new Sources())).toBeUndefined();
    },
  );

  it('is undefined without a status', async () => {
    const { status: _, ...fresh } = port();
    expect(await readInstance(fresh, new Sources())).toBeUndefined();
  });

  it('has the ID of the attached VM as the instance ID', async () => {
    const attached = port({ attachment: { vmID: 'tenant/vm-1:0' } });
    expect(await readInstance(attached, new Sources())).toMatchObject({ instanceId: 'tenant/vm-1:0' });
  });

  it.each([
    [
      'the hostname in the spec of the Port',
      { metadata: { hostname: 'shop.example' }, attachment: { vmID: 'vm-1' } },
      'shop.example',
    ],
    ['the ID of the VM', { attachment: { vmID: 'vm-1' } }, 'vm-1'],
    ['the ID of the VM with capital letters', { attachment: { vmID: 'VM-1.Rack2' } }, 'VM-1.Rack2'],
    [
      'the name of the Port when the ID of the VM has an underscore',
      { attachment: { vmID: 'vm_1' } },
      'web-1',
    ],
    ['the name of the Port when the ID of the VM has a slash', { attachment: { vmID: 'team/vm' } }, 'web-1'],
    [
      'the name of the Port when the ID of the VM has an empty label',
      { attachment: { vmID: 'a..b' } },
      'web-1',
    ],
    [
      'the name of the Port when a label in the ID of the VM ends with a hyphen',
      { attachment: { vmID: 'a-.b' } },
      'web-1',
    ],
    [
      'the name of the Port when a label in the ID of the VM has 64 characters',
      { attachment: { vmID: 'a'.repeat(64) } },
      'web-1',
    ],
    [
      'the ID of the VM with a label of 63 characters',
      { attachment: { vmID: 'a'.repeat(63) } },
      'a'.repeat(63),
    ],
  ])('has as host name %s', async (_, spec, hostname) => {
    expect(await readInstance(port(spec), new Sources())).toMatchObject({ hostname });
  });

  it('disables DHCP for the machine when the Port has no DHCP', async () => {
    const without = port({}, { dhcp: 'Disabled' });
    expect(await readInstance(without, new Sources())).toMatchObject({ dhcp: false });
  });
});

describe('user data and SSH keys', () => {
  it('come from the Secret that the Port references in its namespace', async () => {
    const userData = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe]);
    const keys = Buffer.from('# alice\r\nssh-ed25519 AAAA alice\r\n\n  ssh-rsa BBBB bob  \n#ssh-rsa CCCC');
    const sources = new Sources({
      'Secret team-a/web': { 'user-data': userData, 'ssh-authorized-keys': keys },
    });
    expect(await readInstance(port(secretRef), sources)).toMatchObject({
      userData,
      sshKeys: ['ssh-ed25519 AAAA alice', 'ssh-rsa BBBB bob'],
    });
    expect(sources.asked).toEqual(['Secret team-a/web']);
  });

  it('come from a ConfigMap when the Port references a ConfigMap', async () => {
    const sources = new Sources({ 'ConfigMap team-a/web': { 'user-data': Buffer.from('#!/bin/sh\n') } });
    const named = port({ metadata: { sourceRef: { kind: 'ConfigMap', name: 'web' } } });
    expect(await readInstance(named, sources)).toMatchObject({
      userData: Buffer.from('#!/bin/sh\n'),
      sshKeys: [],
    });
  });

  it('are absent when the object has neither key, or has empty values', async () => {
    for (const keys of [{ password: Buffer.from('x') }, { 'user-data': Buffer.alloc(0) }]) {
      const instance = await readInstance(port(secretRef), new Sources({ 'Secret team-a/web': keys }));
      expect(instance).toMatchObject({ sshKeys: [] });
      expect(instance).not.toHaveProperty('userData');
      expect(instance).not.toHaveProperty('sourceProblem');
    }
  });

  it('are unknown when the object does not exist; the other data is known', async () => {
    const instance = await readInstance(port(secretRef), new Sources());
    expect(instance).toMatchObject({
      hostname: 'web-1',
      sourceProblem: { code: 'METADATA_SOURCE_NOT_FOUND' },
    });
    expect(instance!.sourceProblem!.message).toBe(
      'Secret team-a/web does not exist; create it, or change spec.metadata.sourceRef of the Port',
    );
  });

  it('are unknown when the agent may not read the object; the message names the missing permission', async () => {
    const forbidden = new SourceError('METADATA_SOURCE_FORBIDDEN', 'Secret', 'team-a', 'web');
    const instance = await readInstance(port(secretRef), new Sources({ 'Secret team-a/web': forbidden }));
    expect(instance).toMatchObject({ sshKeys: [], sourceProblem: forbidden });
    expect(forbidden.message).toBe(
      'the metadata agent may not read Secret team-a/web; bind a Role in this namespace to the ServiceAccount of the ' +
        'agent: verb get on secrets with resourceNames ["web"]',
    );
  });

  it('cause a rejection when the API server does not answer, because the data is not known to be absent', async () => {
    const silence = new Error('ECONNREFUSED');
    await expect(readInstance(port(secretRef), new Sources({ 'Secret team-a/web': silence }))).rejects.toBe(
      silence,
    );
  });
});
