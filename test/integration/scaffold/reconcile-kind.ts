/**
 * `node reconcile-kind.ts KIND`: checks that the operator of this copy of the repository reconciles a kind that the
 * scaffold created. The test new-kind.test.ts runs this program in a copy that contains such a kind. The exit status is
 * 0 if all checks pass.
 */
import assert from 'node:assert/strict';
import { API_VERSION, resources } from '../../../src/api/index.ts';
import { targets } from '../../../packages/dev-apiserver/test/support/targets.ts';
import { markOf } from '../../support/operator/dump.ts';
import { isRow, type NbRow } from '../../support/operator/northbound.ts';
import type { Kind } from '../../support/operator/objects.ts';
import { TestCluster } from '../../support/operator/test-cluster.ts';

const kind = process.argv[2] as Kind;
assert.ok(Object.hasOwn(resources, kind), `this copy of the repository has no kind ${kind}`);

const [embedded] = targets;
assert.ok(embedded);
const cluster = await TestCluster.start(embedded, { northd: false });
// The test ends the program when it takes too long.
process.once('SIGTERM', () => void cluster.stop().finally(() => process.exit(1)));
try {
  await checkKind();
} finally {
  await cluster.stop();
}

async function checkKind(): Promise<void> {
  const object = { apiVersion: API_VERSION, kind, metadata: { name: 'one' }, spec: {} };
  const vpc = {
    apiVersion: API_VERSION,
    kind: 'VPC',
    metadata: { name: 'net' },
    spec: { cidr: '10.60.0.0/16' },
  };
  await cluster.startOperator();

  step('The object waits for a VPC.');
  await cluster.apply(object);
  await cluster.reason(kind, 'one', 'ResolvedRefs', 'VPCNotFound');
  assert.deepEqual(await rows(), []);

  step('The object becomes Ready and has a row.');
  await cluster.apply(vpc);
  await cluster.ready();
  const [row, ...more] = await rows();
  assert.ok(row);
  assert.deepEqual(more, []);
  const { status, metadata } = await cluster.get(kind, 'one');
  assert.equal(markOf(row, 'uid'), metadata.uid);
  assert.equal(status?.['portGroupName'], row.columns['name']);

  step('The operator restores a row that another program deletes or changes.');
  await cluster.nb.transact({ op: 'delete', table: row.table, where: isRow(row.uuid) });
  await cluster.eventually(async () =>
    assert.deepEqual((await rows()).map(withoutVersion), [withoutVersion(row)]),
  );
  await cluster.nb.transact({
    op: 'update',
    table: row.table,
    where: isRow(row.uuid),
    row: { name: 'changed' },
  });
  await cluster.eventually(async () =>
    assert.deepEqual((await rows()).map(withoutVersion), [withoutVersion(row)]),
  );

  step('A deleted VPC waits for the object, and the row goes with the object.');
  await cluster.delete('VPC', 'net');
  await cluster.reason('VPC', 'net', 'Ready', 'InUse');
  await cluster.delete(kind, 'one');
  await cluster.gone('VPC', 'net');
  assert.deepEqual(await rows(), []);

  step('The operator sweeps the row of an object that was deleted while no operator ran.');
  await cluster.apply(object, vpc);
  await cluster.ready();
  assert.equal((await rows()).length, 1);
  await cluster.stopOperators();
  await cluster.delete(kind, 'one');
  assert.equal((await rows()).length, 1);
  await cluster.startOperator();
  await cluster.eventually(async () => assert.deepEqual(await rows(), []));
}

/** Prints what the next checks show, so that the output of a failure names the step. */
function step(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The rows of the kind's objects. */
async function rows(): Promise<NbRow[]> {
  return (await cluster.nb.rows()).filter((row) => markOf(row, 'owner')?.startsWith(`${kind}/`) === true);
}

function withoutVersion({ table, uuid, columns }: NbRow): Omit<NbRow, 'version'> {
  return { table, uuid, columns };
}
