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
    help: 'folder of the lab (default: that of $KUBECONFIG, or the one that runs)',
  },
} as const;
const json = { json: { type: 'boolean', help: 'print JSON for programs' } } as const;
const createOptions = {
  port: { type: 'string', value: 'PORT', help: 'create: the Port to plug into; made when there is none' },
  namespace: { type: 'string', value: 'NS', help: "create: the Port's namespace (default: default)" },
  subnet: {
    type: 'string',
    value: 'SUBNET',
    help: 'create: Subnet of a Port that is made (default: default)',
  },
} as const;
const hypervisor = {
  hypervisor: { type: 'string', value: 'N', help: 'create: where it runs; move: where it goes' },
} as const;

/** How `dev vm` is called. */
export const devVmHelp = `Virtual machines in a running lab: network namespaces that are plugged in as a VM manager does it.

  dev vm create NAME --port PORT   make one, and get its address by DHCP
  dev vm list                      all of them
  dev vm exec NAME -- COMMAND...   run a command in one
  dev vm move NAME --hypervisor N  move one while it runs
  dev vm delete NAME               remove one, and its Port if that was made with it

${describeOptions({ ...createOptions, ...hypervisor, ...json, ...common })}`;

const verbs: Readonly<Record<string, (args: readonly string[], io: Io) => Promise<number>>> = {
  create,
  list,
  exec,
  move,
  delete: remove,
};

/** `overlay-network dev vm`. @throws UsageError, LabError */
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
  if (given.port === undefined) throw new UsageError('--port is missing: the Port to plug into');
  const port = { namespace: given.namespace ?? 'default', name: given.port };
  return withLab(given.dir, io, async (access) => {
    const vm = await new Progress(given.json === true ? io.stderr : io.stdout).step(
      `Plugging ${name} into ${port.name}`,
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
    throw new UsageError('dev vm exec NAME -- COMMAND...: the command is missing');
  const { words, given } = parseWords(args.slice(0, at), ['NAME'], common);
  return withLab(given.dir, io, ({ lab }) => {
    const { netns } = readVm(lab, words[0] ?? '');
    return inTerminal([...new Namespace(netns).within, ...args.slice(at + 1)]);
  });
}

async function move(args: readonly string[], io: Io): Promise<number> {
  const { words, given } = parseWords(args, ['NAME'], { ...hypervisor, ...common });
  const [name = ''] = words;
  if (given.hypervisor === undefined) throw new UsageError('--hypervisor is missing: where the VM goes');
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
    await new Progress(io.stdout).step(`Removing ${name}`, () => deleteVm(access, name));
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

/** Runs a program with our terminal; resolves with its exit code, which is that of a shell where a signal ended it. */
function inTerminal([program = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
