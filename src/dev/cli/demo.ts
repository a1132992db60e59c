import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDevCluster } from '../cluster.ts';
import type { DevCluster } from '../cluster.ts';
import { labProblem, startLab } from '../lab/index.ts';
import type { Lab } from '../lab/index.ts';
import { applyManifests, knownTypes, readManifests } from '../manifests.ts';
import type { ResourceType } from '../../reconcile/index.ts';
import { describeOptions, parseOptions } from '../../cli/arguments.ts';
import { startDevOperator } from './operator.ts';
import { showTraffic } from './demo-traffic.ts';
import { exitCodes, untilAborted } from '../../cli/io.ts';
import type { Command, Io } from '../../cli/io.ts';
import { Progress } from '../../cli/progress.ts';
import { shellLines } from './shell-lines.ts';
import { formatTable, getTable } from '../../cli/table.ts';
import { waitUntilQuiet, waitUntilReady } from '../../cli/wait.ts';

const options = {
  keep: { type: 'boolean', help: 'keep the cluster running for kubectl until Ctrl-C' },
} as const;

const QUICKSTART = 'examples/quickstart.yaml';

/** The kinds that the example contains, in the order in which the demo prints them. */
const printedKinds = ['VPC', 'Subnet', 'Port', 'SecurityGroup'];

const printedTypes = (): ResourceType[] => {
  const types = knownTypes();
  return printedKinds.flatMap((kind) => types.find((type) => type.kind === kind) ?? []);
};

/** `overlay-network demo`: applies a YAML file and shows the OVN network that results. It needs no Kubernetes cluster. */
export const demo: Command = {
  help: `Starts a development cluster and the operator, applies ${QUICKSTART}, waits until every object is Ready, and
prints the objects and the content of OVN's Northbound database. As root on Linux, it also creates two hypervisors
and two VMs, and sends traffic between the VMs. At the end, it removes everything that it created.

${describeOptions(options)}`,

  async run(args, io) {
    const { keep } = parseOptions(args, options);
    const progress = new Progress(io.stdout);
    const cluster = await progress.step('Starting a development cluster', () => startDevCluster());
    const stops = [() => cluster.stop()];
    try {
      const problem = labProblem();
      const lab =
        problem === undefined
          ? await progress.step('Starting two hypervisors', () => startLab(cluster, { hypervisors: 2 }))
          : undefined;
      if (lab !== undefined) stops.push(() => lab.stop());
      const operator = await progress.step('Starting the operator', () =>
        startDevOperator(cluster, { level: 'warn', stream: io.stderr, signal: io.signal }),
      );
      stops.push(() => operator.stop());
      const namespaces = await applyQuickstart(cluster, progress, io.signal);
      await show(cluster, namespaces, io);
      if (lab === undefined) io.stdout.write(`\nThe demo sends no traffic: ${problem ?? ''}\n`);
      else await showTraffic({ lab: lab.state, client: cluster.client }, progress, io);
      if (keep) await stayUp(cluster, lab, io);
      return exitCodes.done;
    } finally {
      for (const stop of stops.toReversed()) await stop();
    }
  },
};

/** Applies the example and waits until its objects are Ready. Resolves with the namespaces of the project's objects. */
async function applyQuickstart(
  cluster: DevCluster,
  progress: Progress,
  signal: AbortSignal,
): Promise<string[]> {
  const text = readFileSync(join(import.meta.dirname, '../../..', QUICKSTART), 'utf8');
  const applied = await progress.step(`Applying ${QUICKSTART}`, () =>
    applyManifests(cluster.client, readManifests(text)),
  );
  const networkObjects = applied.filter(({ type }) => type.group !== '');
  await progress.step(`Waiting until ${networkObjects.length} objects are Ready`, async (note) => {
    await waitUntilReady(cluster.client, networkObjects, { signal, onProgress: note });
    note('the counts in status');
    await waitUntilQuiet(cluster.client, printedTypes(), { signal });
  });
  return [...new Set(networkObjects.flatMap(({ object }) => object.metadata.namespace ?? []))];
}

async function show(cluster: DevCluster, namespaces: readonly string[], { stdout }: Io): Promise<void> {
  for (const namespace of namespaces) {
    stdout.write(`\n$ kubectl get ${printedKinds.join(',').toLowerCase()} --namespace ${namespace}\n`);
    const tables: string[] = [];
    for (const type of printedTypes()) {
      const table = await getTable(cluster.connection, type, namespace);
      if (table.rows.length > 0) tables.push(formatTable(table, `${type.kind.toLowerCase()}.${type.group}/`));
    }
    stdout.write(tables.join('\n'));
  }
  stdout.write(`\n$ ovn-nbctl show\n${await cluster.ovn.nbctl('show')}`);
}

async function stayUp(cluster: DevCluster, lab: Lab | undefined, { stdout, signal }: Io): Promise<void> {
  stdout.write(`
The development cluster runs until you press Ctrl-C. To use it, run in another terminal:

${shellLines(cluster.kubeconfig)}

  kubectl get overlay --all-namespaces
  ovn-nbctl --db=${cluster.ovn.northbound.remote} show
${lab === undefined ? '' : '  overlay-network dev vm exec client -- sh\n  overlay-network verify\n'}`);
  await untilAborted(signal);
  stdout.write('\nStopping.\n');
}
