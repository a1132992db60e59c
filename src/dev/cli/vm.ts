import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createVm, deleteVm, listVms, moveVm, Namespace, readVm } from '../lab/index.ts';
import type { VmState } from '../lab/index.ts';
import { describeOptions, parseWords, wholeNumber } from '../../cli/arguments.ts';
import { exitCodes, UsageError } from '../../cli/io.ts';
import type { Io } from '../../cli/io.ts';
import { withLab } from './lab-access.ts';
import { Progress } from '../../cli/progress.ts';
import { columns } from '../../cli/table.ts';

const common = {
  dir: {
    type: 'string',
    value: 'DIR',
    help: 'folder of the lab (default: the folder of $KUBECONFIG, or the only running lab)',
  },
} as const;
const json = { json: { type: 'boolean', help: 'print JSON for programs' } } as const;
const createOptions = {
  port: {
    type: 'string',
    value: 'PORT',
    help: 'create: the Port for the VM; created if it does not exist',
  },
  namespace: { type: 'string', value: 'NS', help: 'create: namespace of the Port (default: default)' },
  subnet: {
    type: 'string',
    value: 'SUBNET',
    help: 'create: Subnet of a new Port (default: default)',
  },
} as const;
const hypervisor = {
  hypervisor: {
    type: 'string',
    value: 'N',
    help: 'create: the hypervisor to run on; move: the hypervisor to move to',
  },
} as const;

/** The help of `dev vm`. */
export const devVmHelp = `VMs of a running lab. Each VM is a network namespace; it is connected in the way a VM manager connects a VM.

  dev vm create NAME --port PORT   create a VM; it gets its address by DHCP
  dev vm list                      list all VMs
  dev vm exec NAME -- COMMAND...   run a command in a VM
  dev vm move NAME --hypervisor N  move a running VM to another hypervisor
  dev vm delete NAME               delete a VM, and its Port if \`create\` created the Port

${describeOptions({ ...createOptions, ...hypervisor, ...json, ...common })}`;

const verbs: Readonly<Record<string, (args: readonly string[], io: Io) => Promise<number>>> = {
  create,
  list,
  exec,
  move,
  delete: remove,
};

/**
 * `overlay-network dev vm`.
 * @throws UsageError when the command line is invalid
 * @throws LabError when the lab cannot do what the command asks
 */
export function devVm([verb, ...args]: readonly string[], io: Io): Promise<number> {
  const found = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (found === undefined)
    throw new UsageError(
      `dev vm needs one of ${Object.keys(verbs).join(', ')}, not ${JSON.stringify(verb ?? '')}`,
    );
  return found(args, io);
}

async function create(args: readonly string[], io: Io): Promise<number> {
  const { words, given } = parseWords(args, ['NAME'], {
    ...createOptions,
    ...hypervisor,
    ...json,
    ...common,
  });
  const [name = ''] = words;
  if (given.port === undefined) throw new UsageError('--port PORT is missing: name the Port for the VM');
  const port = { namespace: given.namespace ?? 'default', name: given.port };
  return withLab(given.dir, io, async (access) => {
    const vm = await new Progress(given.json === true ? io.stderr : io.stdout).step(
      `Creating ${name} with Port ${port.name}`,
      () =>
        createVm(access, {
          name,
          port,
          signal: io.signal,
          ...(given.subnet === undefined ? {} : { subnet: given.subnet }),
          ...(given.hypervisor === undefined ? {} : { hypervisor: numberOf(given.hypervisor) }),
        }),
    );
    io.stdout.write(given.json === true ? `${JSON.stringify(vm, undefined, 2)}\n` : table([vm]));
    return exitCodes.done;
  });
}

async function list(args: readonly string[], io: Io): Promise<number> {
  const { given } = parseWords(args, [], { ...json, ...common });
  return withLab(given.dir, io, ({ lab }) => {
    const vms = listVms(lab);
    io.stdout.write(given.json === true ? `${JSON.stringify(vms, undefined, 2)}\n` : table(vms));
    return Promise.resolve(exitCodes.done);
  });
}

async function exec(args: readonly string[], io: Io): Promise<number> {
  const at = args.indexOf('--');
  if (at < 0 || at === args.length - 1)
    throw new UsageError('the command is missing: dev vm exec NAME -- COMMAND...');
  const { words, given } = parseWords(args.slice(0, at), ['NAME'], common);
  return withLab(given.dir, io, ({ lab }) => {
    const { netns } = readVm(lab, words[0] ?? '');
    return runInTerminal([...new Namespace(netns).within, ...args.slice(at + 1)]);
  });
}

async function move(args: readonly string[], io: Io): Promise<number> {
  const { words, given } = parseWords(args, ['NAME'], { ...hypervisor, ...common });
  const [name = ''] = words;
  if (given.hypervisor === undefined)
    throw new UsageError('--hypervisor N is missing: name the hypervisor to move the VM to');
  const target = numberOf(given.hypervisor);
  return withLab(given.dir, io, async (access) => {
    const vm = await new Progress(io.stdout).step(`Moving ${name}`, () =>
      moveVm(access, { name, hypervisor: target, signal: io.signal }),
    );
    io.stdout.write(table([vm]));
    return exitCodes.done;
  });
}

async function remove(args: readonly string[], io: Io): Promise<number> {
  const { words, given } = parseWords(args, ['NAME'], common);
  const [name = ''] = words;
  return withLab(given.dir, io, async (access) => {
    await new Progress(io.stdout).step(`Deleting ${name}`, () => deleteVm(access, name));
    return exitCodes.done;
  });
}

const numberOf = (text: string): number => wholeNumber('hypervisor', text, 1, 99);

const table = (vms: readonly VmState[]): string =>
  columns([
    ['NAME', 'HYPERVISOR', 'PORT', 'ADDRESS', 'MAC', 'GATEWAY', 'MTU'],
    ...vms.map(({ name, hypervisor: host, port, macAddress, lease }) => [
      name,
      host,
      `${port.namespace}/${port.name}`,
      lease === undefined ? 'no DHCP' : `${lease.address}/${lease.prefixLength}`,
      macAddress,
      lease?.routers.join(',') ?? '',
      String(lease?.mtu ?? ''),
    ]),
  ]);

/** Runs a program on this terminal. Resolves with its exit code: 128 + the signal number if a signal ended it, as in a shell. */
function runInTerminal([program = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
