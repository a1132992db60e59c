import { kindNames } from '../../../src/controllers/kinds.ts';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { ownerText } from '../../../src/ovn/index.ts';
import { OfflineCluster, printable } from '../../support/controllers/offline-cluster.ts';

const examples = join(import.meta.dirname, '../../../examples');
const golden = join(import.meta.dirname, 'golden');

/** Returns all rows by owner, with memberships, as YAML. A description replaces the UUID of each row. */
function rowsOf(cluster: OfflineCluster): string {
  const names = new Map<string, string>();
  const states = [...cluster.writer.states.values()].sort((a, b) =>
    ownerText(a.owner) < ownerText(b.owner) ? -1 : 1,
  );
  for (const { owner, desired } of states) {
    const seen = new Map<string, number>();
    for (const { table, uuid } of desired.rows) {
      const number = (seen.get(table) ?? 0) + 1;
      seen.set(table, number);
      const several = desired.rows.filter((other) => other.table === table).length > 1;
      names.set(uuid, `<${table} of ${ownerText(owner)}${several ? ` #${number}` : ''}>`);
    }
  }
  const document = Object.fromEntries(
    states.map(({ owner, desired }) => [
      ownerText(owner),
      {
        rows: desired.rows.map(({ table, columns }) => ({ [table]: printable(columns) })),
        memberships: desired.memberships.map(
          ({ row, column, element }) =>
            `${names.get(row) ?? row}.${column} += ${names.get(element) ?? element}`,
        ),
      },
    ]),
  );
  const text = stringify(document, { lineWidth: 0 });
  return [...names].reduce((rest, [uuid, name]) => rest.replaceAll(uuid, name), text);
}

/** Returns the rows without the allocated addresses of Ports. */
function withoutAllocated(cluster: OfflineCluster): string {
  const allocated = [...cluster.stores.Port.values()].filter(({ spec }) => spec.ipAddress === undefined);
  return allocated.reduce(
    (text, { status }) => text.replaceAll(new RegExp(` ${status?.ipAddress ?? ''}\\b`, 'g'), ' <allocated>'),
    rowsOf(cluster),
  );
}

describe('the examples', () => {
  // The files in argocd/ are for Argo CD and not for the operator.
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.yaml') && !file.startsWith('argocd/'),
  );

  it.each(files)('produce the rows of the golden file: %s', async (file) => {
    const cluster = new OfflineCluster();
    cluster.applyFile(join(examples, file));
    await cluster.settle();
    const actual = rowsOf(cluster);
    const path = join(golden, file);
    if (process.env.UPDATE_GOLDEN === '1') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, actual);
    }
    expect(actual).toBe(readFileSync(path, 'utf8'));
  });

  it.each(files)('become Ready, and a second reconcile writes nothing: %s', async (file) => {
    const cluster = new OfflineCluster();
    cluster.applyFile(join(examples, file));
    await cluster.settle();
    for (const kind of kindNames) {
      for (const { kind: name, metadata } of cluster.stores[kind].values()) {
        const key =
          metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
        expect([name, key, cluster.ready(name, key)]).toEqual([name, key, 'Ready']);
      }
    }
    cluster.writer.applied.length = 0;
    cluster.statusWrites.length = 0;
    await cluster.reconcileOnce();
    expect([cluster.writer.applied, cluster.statusWrites]).toEqual([[], []]);
  });

  it.each(files)('produce the same rows in any order, except for allocated addresses: %s', async (file) => {
    const forwards = new OfflineCluster();
    forwards.applyFile(join(examples, file));
    await forwards.settle();
    const backwards = new OfflineCluster();
    backwards.applyFile(join(examples, file));
    await backwards.settle((objects) => objects.toReversed());
    expect(withoutAllocated(backwards)).toBe(withoutAllocated(forwards));
  });
});
