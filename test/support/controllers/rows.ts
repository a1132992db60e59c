import type { OfflineCluster } from './offline-cluster.ts';
import { printable } from './offline-cluster.ts';

/** Returns the rows of an object in a table, in plain shapes: sets as sorted arrays, maps as objects. */
export function rowsOf(
  cluster: OfflineCluster,
  kind: string,
  name: string,
  table: string,
  namespace = 'default',
): readonly Readonly<Record<string, unknown>>[] {
  return [...cluster.writer.states.values()]
    .filter(({ owner }) => owner.kind === kind && owner.name === name && owner.namespace === namespace)
    .flatMap(({ desired }) => desired.rows)
    .filter((row) => row.table === table)
    .map(
      ({ columns }) =>
        printable(
          Object.fromEntries(Object.entries(columns).map(([key, value]) => [key, printable(value)])),
        ) as Record<string, unknown>,
    );
}

/** Returns the objects that have rows, as `Kind/name`. */
export const ownersOf = (cluster: OfflineCluster): readonly string[] =>
  [...cluster.writer.owners()].map(({ kind, name }) => `${kind}/${name}`).sort();
