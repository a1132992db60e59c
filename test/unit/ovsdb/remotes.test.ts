import { describe, expect, it } from '@jest/globals';
import { OvsdbClient } from '../../../src/ovn/ovsdb/index.ts';
import { formatRemote, isLoopback, parseRemotes, shuffled } from '../../../src/ovn/ovsdb/remotes.ts';

describe('remotes', () => {
  it('are parsed as OVS writes them', () => {
    const text = 'unix:/var/run/ovn/ovnnb_db.sock,tcp:127.0.0.1:6641,ssl:[fd00::1]:16641,tcp:db.example:6641';
    expect(parseRemotes(text)).toEqual([
      { kind: 'unix', path: '/var/run/ovn/ovnnb_db.sock' },
      { kind: 'tcp', host: '127.0.0.1', port: 6641 },
      { kind: 'ssl', host: 'fd00::1', port: 16641 },
      { kind: 'tcp', host: 'db.example', port: 6641 },
    ]);
    expect(parseRemotes(` ${text} ,`).map(formatRemote).join(',')).toBe(text);
  });

  it('have the port of OVSDB when they name none', () => {
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
  ])('%j is refused, and the message says how to write one', (text) =>
    expect(() => parseRemotes(text)).toThrow(expect.objectContaining({ code: 'CONFIGURATION' })),
  );

  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['localhost', true],
    ['10.0.0.1', false],
    ['127.example.org', false],
    ['::ffff:10.0.0.1', false],
  ])('%s: stays on this machine is %s', (host, loopback) => expect(isLoopback(host)).toBe(loopback));

  it('plaintext to another machine must be allowed by name', () => {
    const options = { remotes: 'unix:/a,tcp:10.0.0.1:6641', database: 'Test', tables: {} };
    expect(() => new OvsdbClient(options)).toThrow(/tcp:10.0.0.1:6641 is plaintext/);
    expect(new OvsdbClient({ ...options, allowPlaintext: true }).connected).toBe(false);
  });

  it('ssl: needs a CA', () => {
    const options = { remotes: 'ssl:127.0.0.1:6641', database: 'Test', tables: {} };
    expect(() => new OvsdbClient(options)).toThrow(expect.objectContaining({ code: 'CONFIGURATION' }));
  });
});

it('remotes are tried in another order in each process', () => {
  const items = ['a', 'b', 'c'];
  const first = new Set(Array.from({ length: 50 }, () => shuffled(items, Math.random)[0]));
  expect([...first].sort()).toEqual(items);
  expect(shuffled(items, () => 0.999)).toEqual(items);
});
