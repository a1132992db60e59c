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
  inventory: { type: 'string', value: 'FILE', help: 'the machines of the installation' },
  kubeconfig: {
    type: 'string',
    value: 'FILE',
    help: 'the cluster of the inventory (default: as kubectl finds it)',
  },
} as const;

/** What `verify` does, and the form of an inventory: a part of the command's help. */
export const verifyHelp = `Pings from every machine to every other one, and measures with iperf3 between hypervisors. What should reach what
follows from the objects: both Ports plugged in, the same VPC or peered ones, a gateway where Subnets differ, no policy
that forbids it, and security groups that let the traffic out and in. Ends with ${exitCodes.failed} when something is not so.`;

export const inventoryHelp = `  machines:
    - name: web
      port: { namespace: default, name: server }
      exec: [ssh, root@192.0.2.10]     # what to put before a command

They need ping, and iperf3 for throughput (TCP port 5201).`;

/** `overlay-network verify`: who reaches whom, and how fast, against what the objects say. */
export const verify: Command = {
  help: `${verifyHelp}

The machines are those of an inventory:

${inventoryHelp}

${describeOptions(inventoryOptions)}`,

  async run(args, io) {
    const given = parseOptions(args, inventoryOptions);
    const settings = verifySettings(given);
    if (given.inventory === undefined) throw new UsageError('--inventory is required');
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

/** A machine whose commands are run by putting `within` before them. */
export function machine(
  { name, port }: Pick<Machine, 'name' | 'port'>,
  within: readonly string[],
  host: string,
): Machine {
  return { name, port, host, run: (argv, limits) => attempt([...within, ...argv], limits) };
}
