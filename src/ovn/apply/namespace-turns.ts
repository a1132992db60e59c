import type { Owner } from '../model/marks.ts';

/**
 * The order in which the changes of owners go into transactions: the namespaces take turns, so that 1,000 changes of
 * one namespace delay a change of another namespace by one transaction only. The namespace that was served least
 * recently comes first.
 */
export class NamespaceTurns {
  /** Namespace → the number of its last turn. */
  readonly #servedAt = new Map<string, number>();
  #turn = 0;

  /** Returns the items of different namespaces in turn. Items of one namespace keep their order. */
  order<T extends { readonly owner: Owner }>(items: Iterable<T>): Iterable<T> {
    const byNamespace = new Map<string, T[]>();
    for (const item of items) {
      const { namespace } = item.owner;
      const known = byNamespace.get(namespace);
      if (known === undefined) byNamespace.set(namespace, [item]);
      else known.push(item);
    }
    const last = (namespace: string): number => this.#servedAt.get(namespace) ?? 0;
    // A namespace without changes needs no memory of its turns.
    for (const namespace of this.#servedAt.keys())
      if (!byNamespace.has(namespace)) this.#servedAt.delete(namespace);
    const queues = [...byNamespace].sort(([a], [b]) => last(a) - last(b)).map(([, queue]) => queue);
    return interleaved(queues);
  }

  /** Records that a change of the namespace went into a transaction. */
  served(namespace: string): void {
    this.#servedAt.set(namespace, ++this.#turn);
  }
}

function* interleaved<T>(queues: readonly (readonly T[])[]): Iterable<T> {
  let open = queues;
  for (let at = 0; open.length > 0; at++) {
    for (const queue of open) yield queue[at] as T;
    open = open.filter(({ length }) => length > at + 1);
  }
}
