import { describe, expect, it } from '@jest/globals';
import { OvsdbClient } from '../../../src/ovn/ovsdb/index.ts';
import { formatRemote, isLoopback, parseRemotes, shuffled } from '../../../src/ovn/ovsdb/remotes.ts';

describe('parseRemotes', () => {
  it('parses the notation of OVS', () => {
    const text = 'unix:/var/run/ovn/ovnnb_db.sock,tcp:127.0.0.1:6641,ssl:[fd00::1]:16641,tcp:db.example:6641';
    expect(parseRemotes(text)).toEqual([
      { kind: 'unix', path: '/var/run/ovn/ovnnb_db.sock' },
      { kind: 'tcp', host: '127.0.0.1', port: 6641 },
      { kind: 'ssl', host: 'fd00::1', port: 16641 },
      { kind: 'tcp', host: 'db.example', port: 6641 },
    ]);
    expect(parseRemotes(` ${text} ,`).map(formatRemote).join(',')).toBe(text);
  });

  it('uses the default port of OVSDB for a remote without a port', () => {
    expect(parseRemotes('tcp:127.0.0.1')).toEqual([{ kind: 'tcp', host: '127.0.0.1', port: 6640 }]);
  });

  it.each([
    '',
    ' , ',
    'unix:',
    'http://a',
    'tcp:',
    'tcp:a:0',
    'tcp:a:65536',
    'tcp:a:b',
    'tcp:fd00::1:6641',
    'ssl:[a]:1',
  ])('rejects %j', (text) =>
    expect(() => parseRemotes(text)).toThrow(expect.objectContaining({ code: 'CONFIGURATION' })),
  );
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['localhost', true],
    ['10.0.0.1', false],
    ['127.example.org', false],
    ['::ffff:10.0.0.1', false],
  ])('returns for %s: %s', (host, loopback) => expect(isLoopback(host)).toBe(loopback));
});

describe('a client', () => {
  it('rejects plaintext to another machine unless the options allow it', () => {
    const options = { remotes: 'unix:/a,tcp:10.0.0.1:6641', database: 'Test', tables: {} };
    expect(() => new OvsdbClient(options)).toThrow(/tcp:10.0.0.1:6641 is an unencrypted connection/);
    expect(new OvsdbClient({ ...options, allowPlaintext: true }).connected).toBe(false);
  });

  it('rejects ssl: without a CA', () => {
    const options = { remotes: 'ssl:127.0.0.1:6641', database: 'Test', tables: {} };
    expect(() => new OvsdbClient(options)).toThrow(expect.objectContaining({ code: 'CONFIGURATION' }));
  });
});

describe('shuffled', () => {
  it('returns the items in random order', () => {
    const items = ['a', 'b', 'c'];
    const first = new Set(Array.from({ length: 50 }, () => shuffled(items, Math.random)[0]));
    expect([...first].sort()).toEqual(items);
    expect(shuffled(items, () => 0.999)).toEqual(items);
  });
});
