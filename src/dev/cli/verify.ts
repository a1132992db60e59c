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
    help: 'folder of the lab (default: that of $KUBECONFIG, or the one that runs)',
  },
} as const;

/** `overlay-network verify` in a checkout: without an inventory, the machines are the VMs of a lab. */
export const verifyLab: Command = {
  help: `${verifyHelp}

The machines are the VMs of a lab (\`overlay-network dev --hypervisors 2\`), or those of an inventory:

${inventoryHelp}

${describeOptions(options)}`,

  async run(args, io) {
    const { dir, ...given } = parseOptions(args, options);
    if (given.inventory !== undefined) {
      if (dir !== undefined) throw new UsageError('--dir does not go with --inventory');
      return verify.run(args, io);
    }
    if (given.kubeconfig !== undefined) throw new UsageError('--kubeconfig goes with --inventory');
    return withLab(dir, io, ({ lab, client }) => {
      const machines = () =>
        listVms(lab).map((vm) => machine(vm, new Namespace(vm.netns).within, vm.hypervisor));
      return verifyMachines(client, machines, verifySettings(given), io);
    });
  },
};
