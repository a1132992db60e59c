import { describeOptions, parseOptions } from '../../cli/arguments.ts';
import { UsageError } from '../../cli/io.ts';
import type { Command } from '../../cli/io.ts';
import { verifyMachines, verifySettings } from '../../cli/verify-machines.ts';
import { inventoryHelp, inventoryOptions, machine, verify, verifyHelp } from '../../cli/verify.ts';
import { listVms, Namespace } from '../lab/index.ts';
import { withLab } from './lab-access.ts';

const options = {
  ...inventoryOptions,
  dir: {
    type: 'string',
    value: 'DIR',
    help: 'folder of the lab (default: the folder of $KUBECONFIG, or the only running lab)',
  },
} as const;

/** `overlay-network verify` in a checkout. Without an inventory, it tests the VMs of a lab. */
export const verifyLab: Command = {
  help: `${verifyHelp}

The machines are the VMs of a lab (start one with \`npm run dev -- --hypervisors 2\`) or the machines of an inventory:

${inventoryHelp}

${describeOptions(options)}`,

  async run(args, io) {
    const { dir, ...given } = parseOptions(args, options);
    if (given.inventory !== undefined) {
      if (dir !== undefined) throw new UsageError('--dir and --inventory exclude each other');
      return verify.run(args, io);
    }
    if (given.kubeconfig !== undefined) throw new UsageError('--kubeconfig needs --inventory');
    return withLab(dir, io, async ({ lab, client }) => {
      const { length } = listVms(lab);
      if (length < 2)
        throw new Error(
          `verify needs at least two VMs, and the lab has ${length}. Create VMs with \`overlay-network dev vm create\`.`,
        );
      const machines = () =>
        listVms(lab).map((vm) => machine(vm, new Namespace(vm.netns).within, vm.hypervisor));
      return await verifyMachines(client, machines, verifySettings(given), io);
    });
  },
};
