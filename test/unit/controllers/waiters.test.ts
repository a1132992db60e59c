import { describe, expect, it } from '@jest/globals';
import { Waiters } from '../../../src/controllers/pools/waiters.ts';

function setUp() {
  const woken: string[] = [];
  return { woken, waiters: new Waiters((kind, key) => woken.push(`${kind}/${key}`)) };
}

describe('Waiters', () => {
  it('wake only the first object of each line, and the next one when the first no longer waits', () => {
    const { woken, waiters } = setUp();
    for (const key of ['a', 'b', 'c']) waiters.add('pool', 'Port', key, 'address');
    waiters.add('pool', 'Subnet', 's');
    waiters.wake('pool');
    expect(woken.splice(0)).toEqual(['Port/a', 'Subnet/s']);
    waiters.settled('Port', 'a');
    expect(woken.splice(0)).toEqual(['Port/b']);
    waiters.add('pool', 'Port', 'b', 'address');
    waiters.settled('Port', 'b');
    expect(woken).toEqual([]);
    waiters.wake('pool');
    expect(woken.splice(0)).toEqual(['Port/b']);
    waiters.wake('pool');
    expect(woken.splice(0)).toEqual(['Port/c']);
  });

  it('keep an object that waits again while its line was empty', () => {
    const { woken, waiters } = setUp();
    waiters.add('pool', 'Port', 'a', 'address');
    waiters.wake('pool');
    waiters.wake('pool');
    waiters.add('pool', 'Port', 'a', 'address');
    waiters.settled('Port', 'a');
    waiters.wake('pool');
    expect(woken).toEqual(['Port/a', 'Port/a']);
  });
});
