import { readFileSync } from 'node:fs';
import { attempt } from '../process/command.ts';
import { fromKubeconfig, RestClient } from '../reconcile/index.ts';
import { InventoryError, parseInventory } from '../verify/index.ts';
import type { Machine, World } from '../verify/index.ts';
import { describeOptions, parseOptions } from './arguments.ts';
import { exitCodes, UsageError } from './io.ts';
import type { Command } from './io.ts';
import { verifyMachines, verifyOptions, verifySettings } from './verify-machines.ts';

/** The options of `verify` for machines of a real installation. */
export const inventoryOptions = {
  ...verifyOptions,
  inventory: { type: 'string', value: 'FILE', help: 'YAML file that lists the machines' },
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: 'kubeconfig of the cluster (default: the same as for kubectl)',
  },
} as const;

/** The part of the help that describes what `verify` does. */
export const verifyHelp = `Pings from each machine to every other machine, and measures the throughput between hypervisors with iperf3. The objects
determine the expected result: a machine must reach another machine if both Ports are bound, both are in the same VPC or
in peered VPCs, both are in the same Subnet or both Subnets have a gateway, no TrafficPolicy denies the traffic, and the
SecurityGroups allow the traffic on both sides. Exits with status ${exitCodes.failed} when a result differs from the expectation.`;

/** The part of the help that describes the format of an inventory. */
export const inventoryHelp = `  machines:
    - name: web
      port: { namespace: default, name: server }
      exec: [ssh, root@192.0.2.10]     # the command prefix that runs a command in the machine

The machines need ping, and iperf3 for the throughput (TCP port 5201).`;

/** `overlay-network verify`: measures reachability and throughput, and compares the results with the objects. */
export const verify: Command = {
  help: `${verifyHelp}

An inventory lists the machines:

${inventoryHelp}

${describeOptions(inventoryOptions)}`,

  async run(args, io) {
    const given = parseOptions(args, inventoryOptions);
    const settings = verifySettings(given);
    if (given.inventory === undefined)
      throw new UsageError(
        'The option --inventory is required; `overlay-network help verify` shows the format of the file',
      );
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

function readInventory(file: string) {
  try {
    return parseInventory(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new InventoryError(`${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Returns a machine in which the prefix `within` runs commands. */
export function machine(
  { name, port }: Pick<Machine, 'name' | 'port'>,
  within: readonly string[],
  host: string,
): Machine {
  return { name, port, host, run: (argv, limits) => attempt([...within, ...argv], limits) };
}
