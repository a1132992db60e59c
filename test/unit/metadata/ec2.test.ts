import { describe, expect, it } from '@jest/globals';
import { SourceError } from '../../../src/metadata/index.ts';
import { ask, bare, read, web1 } from './support.ts';

type Crawled = string | { readonly [name: string]: Crawled };

/**
 * Reads a directory and all below it by its lists, the way that cloud-init's Ec2 data source does
 * (cloudinit/sources/helpers/ec2.py): names with a slash are directories, `0=name` is the key of that name.
 */
function crawl(path: string, instance = web1): Crawled {
  const result: Record<string, Crawled> = {};
  for (const line of read(path, instance).split('\n').filter(Boolean)) {
    const [index, name] = line.split('=');
    if (line.endsWith('/')) result[line.slice(0, -1)] = crawl(`${path}${line}`, instance);
    else if (name !== undefined) result[name] = read(`${path}${index!}/openssh-key`, instance);
    else result[line] = read(`${path}${line}`, instance);
  }
  return result;
}

describe('the documents in the format of EC2', () => {
  it('are all in the lists that cloud-init reads', () => {
    expect(crawl('/2009-04-04/meta-data/')).toEqual({
      hostname: 'web-1.example.com',
      'instance-id': 'vm-0815',
      'local-hostname': 'web-1.example.com',
      'local-ipv4': '10.10.1.11',
      mac: '0a:58:0a:0a:01:0b',
      network: {
        interfaces: {
          macs: {
            '0a:58:0a:0a:01:0b': {
              'device-number': '0',
              'local-hostname': 'web-1.example.com',
              'local-ipv4s': '10.10.1.11',
              mac: '0a:58:0a:0a:01:0b',
              'subnet-ipv4-cidr-block': '10.10.1.0/24',
            },
          },
        },
      },
      'public-keys': { 'key-0': web1.sshKeys[0], 'key-1': web1.sshKeys[1] },
    });
  });

  it('omit unknown data', () => {
    expect(crawl('/latest/meta-data/', bare)).not.toHaveProperty('public-keys');
    expect(read('/latest/', bare)).toBe('meta-data/');
    expect(ask('/latest/user-data', { instance: bare }).status).toBe(404);
    expect(ask('/latest/meta-data/public-keys/', { instance: bare }).status).toBe(404);
  });

  it('contain the unchanged bytes of the user data', () => {
    const userData = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const { body, headers } = ask('/2009-04-04/user-data', { instance: { ...web1, userData } });
    expect(body).toEqual(userData);
    expect(headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-length': '256' });
  });

  it('have a list of the documents of a version', () => {
    expect(read('/latest')).toBe('meta-data/\nuser-data');
  });

  it('have a list of the SSH keys by number, and a document for each number', () => {
    expect(read('/latest/meta-data/public-keys/')).toBe('0=key-0\n1=key-1');
    expect(read('/latest/meta-data/public-keys/1/')).toBe('openssh-key');
    expect(read('/latest/meta-data/public-keys/1/openssh-key')).toBe(web1.sshKeys[1]);
    expect(ask('/latest/meta-data/public-keys/2/openssh-key').status).toBe(404);
  });

  it.each([
    // cloud-init probes the service, then looks for the newest version.
    '/2009-04-04/meta-data/instance-id',
    '/2021-03-23/meta-data/instance-id',
    '/2018-09-24/meta-data/instance-id',
    '/2016-09-02/meta-data/instance-id',
    // Ignition, Afterburn and cloudbase-init.
    '/2019-10-01/meta-data/instance-id',
    '/2021-01-03/meta-data/instance-id',
    '/2009-04-04/meta-data/local-hostname',
    '/latest/meta-data/local-ipv4',
    '/1.0/meta-data/hostname',
  ])('exist in the versions that clients request: %s', (path) => {
    expect(ask(path).status).toBe(200);
  });

  it('have a list of versions without slashes, with the newest version last', () => {
    const versions = read('/').split('\n');
    expect(versions[0]).toBe('1.0');
    expect(versions.at(-1)).toBe('latest');
    for (const version of versions) expect(ask(`/${version}/meta-data/instance-id`).status).toBe(200);
  });

  it.each([
    '/latest/dynamic/instance-identity/document',
    '/latest/meta-data/iam/security-credentials/',
    '/latest/meta-data/public-ipv4',
    '/latest/meta-data/hostname/x',
    '/latest/meta-data/constructor',
    '/latest/meta-data/__proto__',
    '/latest/meta-data/../user-data',
    '/latest/meta-data/%69nstance-id',
    '/latest/api',
    '/2.0/meta-data/instance-id',
    '/20090404/meta-data/instance-id',
    '/metadata/v1/',
    '/computeMetadata/v1/',
  ])('do not include %s', (path) => {
    expect(ask(path).status).toBe(404);
  });

  it('omit unreadable documents from the lists, and answer 503 for these documents', () => {
    const instance = {
      ...bare,
      sourceProblem: new SourceError('METADATA_SOURCE_FORBIDDEN', 'Secret', 'team-a', 'web'),
    };
    expect(crawl('/latest/meta-data/', instance)).toMatchObject({ 'instance-id': 'vm-0815' });
    expect(read('/latest/', instance)).toBe('meta-data/');
    for (const path of ['user-data', 'meta-data/public-keys/', 'meta-data/public-keys/0/openssh-key']) {
      const { status, body } = ask(`/latest/${path}`, { instance });
      expect([path, status]).toEqual([path, 503]);
      expect(body).not.toContain('team-a');
    }
  });
});
