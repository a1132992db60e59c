import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { computeMac, parseMac } from '../../../src/api/index.ts';
import { seed } from './support.ts';

describe('parseMac', () => {
  it('returns the address in lower case', () => {
    expect(parseMac('0A:58:0a:FF:00:05')).toEqual({ ok: true, value: '0a:58:0a:ff:00:05' });
  });

  it.each([
    ['01:00:5e:00:00:01', /multicast/],
    ['ff:ff:ff:ff:ff:ff', /multicast/],
    ['00:00:00:00:00:00', /not a usable MAC address/],
    ['0a:58:0a:ff:00', /not a MAC/],
    ['0a:58:0a:ff:00:05:06', /not a MAC/],
    ['0a-58-0a-ff-00-05', /not a MAC/],
    ['0a580aff0005', /not a MAC/],
    ['0g:58:0a:ff:00:05', /not a MAC/],
    [' 0a:58:0a:ff:00:05', /not a MAC/],
    ['0a:58:0a:ff:00:05\n', /not a MAC/],
    ['', /not a MAC/],
  ])('rejects %j', (text, message) => {
    expect(parseMac(text)).toEqual({ ok: false, message: expect.stringMatching(message) });
  });
});

describe('computeMac', () => {
  it('returns the same address in every version, because machines keep their address', () => {
    expect(computeMac('6f9619ff-8b86-d011-b42d-00c04fc964ff', 'port')).toBe('0a:6d:ad:ab:91:2b');
  });

  it('returns a locally administered unicast address', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string(), (uid, role) => {
        const mac = computeMac(uid, role);
        expect(parseMac(mac)).toEqual({ ok: true, value: mac });
        expect(parseInt(mac.slice(0, 2), 16) & 0b11).toBe(0b10);
        expect(computeMac(uid, role)).toBe(mac);
      }),
      { seed },
    );
  });

  it('returns different addresses for different UIDs and roles', () => {
    const macs = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      macs.add(computeMac(`uid-${i}`, 'port'));
      macs.add(computeMac(`uid-${i}`, 'gateway'));
    }
    expect(macs.size).toBe(4000);
  });
});
