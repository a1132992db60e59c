import { readFileSync } from 'node:fs';
import { attempt, listVms, Namespace } from '../dev/lab/index.ts';
import { fromKubeconfig, RestClient } from '../reconcile/index.ts';
import type { KubeClient } from '../reconcile/index.ts';
import {
  InventoryError,
  measureMatrix,
  measureThroughput,
  parseInventory,
  readWorld,
  stationsOf,
} from '../verify/index.ts';
import type { Machine, Pair, Throughput, World } from '../verify/index.ts';
import { describeOptions, parseOptions, wholeNumber } from './arguments.ts';
import { exitCodes, UsageError } from './io.ts';
import type { Command, Io } from './io.ts';
import { withLab } from './lab-access.ts';
import { Progress } from './progress.ts';
import { columns } from './table.ts';

const options = {
  json: { type: 'boolean', help: 'print one JSON document instead of tables' },
  count: { type: 'string', value: 'N', help: 'pings a pair (default: 3)' },
  seconds: { type: 'string', value: 'N', help: 'length of each measurement of throughput (default: 2)' },
  'no-throughput': { type: 'boolean', help: 'only the pings' },
  dir: {
    type: 'string',
    value: 'DIR',
    help: 'folder of the lab (default: that of $KUBECONFIG, or the one that runs)',
  },
  inventory: {
    type: 'string',
    value: 'FILE',
    help: 'machines of a real installation, instead of the VMs of a lab',
  },
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: 'the cluster of the inventory (default: as kubectl finds it)',
  },
} as const;

/** What `--json` prints. */
export interface VerifyReport {
  readonly pairs: readonly Pair[];
  readonly throughput: readonly Throughput[];
  /** How many pairs and measurements are not as expected. */
  readonly differences: number;
}

/** `overlay-network verify`: who reaches whom, and how fast, against what the objects say. */
export const verify: Command = {
  help: `Pings from every machine to every other one, and measures with iperf3 between hypervisors. What should reach what
follows from the objects: both Ports plugged in, the same VPC or peered ones, a gateway where Subnets differ, no policy
that forbids it, and security groups that let the traffic out and in. Ends with ${exitCodes.failed} when something is not so.

The machines are the VMs of a lab (\`overlay-network dev --hypervisors 2\`), or those of an inventory:

  machines:
    - name: web
      port: { namespace: default, name: server }
      exec: [ssh, root@192.0.2.10]     # what to put before a command

They need ping, and iperf3 for throughput (TCP port 5201).

${describeOptions(options)}`,

  async run(args, io) {
    const given = parseOptions(args, options);
    const settings: Settings = {
      json: given.json ?? false,
      count: wholeNumber('count', given.count ?? '3', 1, 1000),
      seconds: given['no-throughput'] ? 0 : wholeNumber('seconds', given.seconds ?? '2', 1, 3600),
    };
    if (given.inventory === undefined) {
      if (given.kubeconfig !== undefined) throw new UsageError('--kubeconfig goes with --inventory');
      return withLab(given.dir, io, ({ lab, client }) =>
        verifyMachines(
          client,
          () => listVms(lab).map((vm) => machine(vm, new Namespace(vm.netns).within, vm.hypervisor)),
          settings,
          io,
        ),
      );
    }
    const entries = readInventory(given.inventory);
    const client = new RestClient(await fromKubeconfig(given.kubeconfig));
    try {
      const machines = ({ ports }: World): Machine[] =>
        entries.map((entry) => {
          const bound = ports.get(`${entry.port.namespace}/${entry.port.name}`)?.status?.boundHost;
          return machine(entry, entry.exec, entry.host ?? bound ?? 'unknown');
        });
      return await verifyMachines(client, machines, settings, io);
    } finally {
      client.close();
    }
  },
};

interface Settings {
  readonly json: boolean;
  readonly count: number;
  /** 0: no throughput. */
  readonly seconds: number;
}

function readInventory(file: string) {
  try {
    return parseInventory(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new InventoryError(`${file}: ${(cause as Error).message}`, { cause });
  }
}

function machine(
  { name, port }: Pick<Machine, 'name' | 'port'>,
  within: readonly string[],
  host: string,
): Machine {
  return { name, port, host, run: (argv, limits) => attempt([...within, ...argv], limits) };
}

async function verifyMachines(
  client: KubeClient,
  machinesOf: (world: World) => readonly Machine[],
  { json, count, seconds }: Settings,
  { stdout, stderr, signal }: Io,
): Promise<number> {
  const progress = new Progress(json ? stderr : stdout);
  const world = await readWorld(client, signal);
  const { stations, missing } = stationsOf(world, machinesOf(world));
  if (missing.length > 0) throw new Error(`There is no Port for ${missing.join(', ')}.`);
  if (stations.length < 2)
    throw new Error(
      `Nothing to verify with ${stations.length} machines: make some with \`overlay-network dev vm create\`.`,
    );
  const pairs = await progress.step(`Pinging between ${stations.length} machines`, (note) =>
    measureMatrix(world, stations, {
      count,
      signal,
      retries: 2,
      onProgress: (done, all) => note(`${done} of ${all}`),
    }),
  );
  const throughput =
    seconds === 0
      ? []
      : await progress.step('Measuring throughput between hypervisors', (note) =>
          measureThroughput(world, stations, { seconds, signal, onProgress: note }),
        );
  const differences = [...pairs, ...throughput].filter(({ agrees }) => !agrees).length;
  const report: VerifyReport = { pairs, throughput, differences };
  stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : asText(report));
  return differences === 0 ? exitCodes.done : exitCodes.failed;
}

function asText({ pairs, throughput, differences }: VerifyReport): string {
  const reach = columns([
    ['FROM', 'TO', 'ADDRESS', 'EXPECTED', 'OBSERVED', 'LOSS', 'LATENCY', ''],
    ...pairs.map(({ from, to, address, expected, because, observed, lossPercent, latencyMs, agrees }) => [
      from,
      to,
      address,
      `${yesOrNo(expected)}: ${because}`,
      yesOrNo(observed),
      `${lossPercent} %`,
      latencyMs === undefined ? '' : `${latencyMs} ms`,
      agrees ? '' : 'DIFFERS',
    ]),
  ]);
  const speed = columns([
    ['FROM', 'TO', 'MBIT/S', 'RETRANSMITS', ''],
    ...throughput.map(({ fromHost, toHost, from, to, megabitsPerSecond, retransmits, problem, agrees }) => [
      [fromHost, from].filter(Boolean).join('/'),
      [toHost, to].filter(Boolean).join('/'),
      String(megabitsPerSecond ?? ''),
      String(retransmits ?? ''),
      [agrees ? '' : 'DIFFERS', problem].filter(Boolean).join(': '),
    ]),
  ]);
  const verdict =
    differences === 0
      ? `All ${pairs.length} pairs are as the objects say.`
      : `${differences} ${differences === 1 ? 'result is' : 'results are'} not as expected.`;
  return `\n${reach}${throughput.length === 0 ? '' : `\n${speed}`}\n${verdict}\n`;
}

const yesOrNo = (yes: boolean): string => (yes ? 'yes' : 'no');
