import { describe, expect, it } from '@jest/globals';
import {
  readInstance,
  SourceError,
  type SourceKind,
  type SourceReader,
} from '../../../src/metadata/index.ts';
import { port, web1 } from './support.ts';

/** Has what is given, under `kind namespace/name`; remembers what was asked for. */
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

describe('what is told about a Port', () => {
  it('is what its status says, and no object is read where it names none', async () => {
    const sources = new Sources();
    const full = { gatewayIP: '10.10.1.1', mtu: 1442, dnsServers: ['9.9.9.9'] };
    expect(await readInstance(port({}, full), sources)).toEqual({
      namespace: 'team-a',
      portName: 'web-1',
      portUID: web1.portUID,
      instanceID: web1.portUID,
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
    'is nothing as long as the status has no %s',
    async (field) => {
      expect(await readInstance(port({}, { [field]: undefined }), new Sources())).toBeUndefined();
    },
  );

  it('is nothing before there is a status', async () => {
    const { status: _, ...fresh } = port();
    expect(await readInstance(fresh, new Sources())).toBeUndefined();
  });

  it('has the VM for the instance where one is attached', async () => {
    const attached = port({ attachment: { vmID: 'tenant/vm-1:0' } });
    expect(await readInstance(attached, new Sources())).toMatchObject({ instanceID: 'tenant/vm-1:0' });
  });

  it.each([
    [
      'what the Port says',
      { metadata: { hostname: 'shop.example' }, attachment: { vmID: 'vm-1' } },
      'shop.example',
    ],
    ['the VM', { attachment: { vmID: 'vm-1' } }, 'vm-1'],
    ['the VM, in capitals too', { attachment: { vmID: 'VM-1.Rack2' } }, 'VM-1.Rack2'],
    ['the Port, when the VM has an underscore', { attachment: { vmID: 'vm_1' } }, 'web-1'],
    ['the Port, when the VM has a slash', { attachment: { vmID: 'team/vm' } }, 'web-1'],
    ['the Port, when the VM has an empty label', { attachment: { vmID: 'a..b' } }, 'web-1'],
    ['the Port, when a label of the VM ends with a hyphen', { attachment: { vmID: 'a-.b' } }, 'web-1'],
    ['the Port, when a label of the VM is too long', { attachment: { vmID: 'a'.repeat(64) } }, 'web-1'],
    ['the VM, with a label as long as it may be', { attachment: { vmID: 'a'.repeat(63) } }, 'a'.repeat(63)],
  ])('has a host name: %s', async (_, spec, hostname) => {
    expect(await readInstance(port(spec), new Sources())).toMatchObject({ hostname });
  });

  it('tells the machine to do without DHCP where there is none', async () => {
    const without = port({}, { dhcp: 'Disabled' });
    expect(await readInstance(without, new Sources())).toMatchObject({ dhcp: false });
  });
});

describe('user data and SSH keys', () => {
  it('come from the Secret that the Port names, in its namespace', async () => {
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

  it('come from a ConfigMap where the Port says so', async () => {
    const sources = new Sources({ 'ConfigMap team-a/web': { 'user-data': Buffer.from('#!/bin/sh\n') } });
    const named = port({ metadata: { sourceRef: { kind: 'ConfigMap', name: 'web' } } });
    expect(await readInstance(named, sources)).toMatchObject({
      userData: Buffer.from('#!/bin/sh\n'),
      sshKeys: [],
    });
  });

  it('are absent where the object has neither key, or has them empty', async () => {
    for (const keys of [{ password: Buffer.from('x') }, { 'user-data': Buffer.alloc(0) }]) {
      const instance = await readInstance(port(secretRef), new Sources({ 'Secret team-a/web': keys }));
      expect(instance).toMatchObject({ sshKeys: [] });
      expect(instance).not.toHaveProperty('userData');
      expect(instance).not.toHaveProperty('sourceProblem');
    }
  });

  it('are not known where the object is not there, and all else is', async () => {
    const instance = await readInstance(port(secretRef), new Sources());
    expect(instance).toMatchObject({
      hostname: 'web-1',
      sourceProblem: { code: 'METADATA_SOURCE_NOT_FOUND' },
    });
    expect(instance!.sourceProblem!.message).toBe(
      "there is no Secret team-a/web; create it, or change the Port's sourceRef",
    );
  });

  it('are not known where the agent may not read the object, and the message says which right is missing', async () => {
    const forbidden = new SourceError('METADATA_SOURCE_FORBIDDEN', 'Secret', 'team-a', 'web');
    const instance = await readInstance(port(secretRef), new Sources({ 'Secret team-a/web': forbidden }));
    expect(instance).toMatchObject({ sshKeys: [], sourceProblem: forbidden });
    expect(forbidden.message).toBe(
      'the metadata agent may not read Secret team-a/web; give its ServiceAccount a Role in that namespace with get ' +
        'on secrets, resourceNames ["web"]',
    );
  });

  it('fail as a whole when there was no answer: that is not the same as no user data', async () => {
    const silence = new Error('ECONNREFUSED');
    await expect(readInstance(port(secretRef), new Sources({ 'Secret team-a/web': silence }))).rejects.toBe(
      silence,
    );
  });
});
