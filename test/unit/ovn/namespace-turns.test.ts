import { describe, expect, it } from '@jest/globals';
import { NamespaceTurns } from '../../../src/ovn/apply/namespace-turns.ts';

const change = (namespace: string, name: string) => ({
  owner: { kind: 'Port', namespace, name, uid: `${namespace}-${name}` },
});
const names = (items: Iterable<ReturnType<typeof change>>) => [...items].map(({ owner }) => owner.uid);

describe('NamespaceTurns', () => {
  it('lets namespaces take turns, in the order of submission within a namespace', () => {
    const items = [change('a', '1'), change('a', '2'), change('a', '3'), change('b', '1'), change('c', '1')];
    expect(names(new NamespaceTurns().order(items))).toEqual(['a-1', 'b-1', 'c-1', 'a-2', 'a-3']);
  });

  it('begins with the namespace that was served least recently, so that large changes do not come first again', () => {
    const turns = new NamespaceTurns();
    turns.served('b');
    turns.served('a');
    const items = [change('a', '1'), change('b', '1'), change('c', '1')];
    expect(names(turns.order(items))).toEqual(['c-1', 'b-1', 'a-1']);
  });
});
