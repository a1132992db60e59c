import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../owner.ts';
import { attempt, run } from '../../process/command.ts';
import type { CommandOptions, Outcome } from '../../process/command.ts';
import { ownerOfNamespace } from './prefix.ts';

/** The folder where iproute2 keeps named network namespaces (ip-netns(8)). */
const NETNS_FOLDER = '/run/netns';

/** A named network namespace. */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Creates a namespace with only a loopback interface, whose state is up. */
  static async create(name: string): Promise<Namespace> {
    await run(['ip', 'netns', 'add', name]);
    const namespace = new Namespace(name);
    await namespace.ip('link set lo up');
    return namespace;
  }

  /** The command prefix that runs a command in the namespace. `ip netns exec` replaces itself with the command. */
  get within(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /**
   * Runs commands of ip(8) in one process. Each line is one command without the word `ip`.
   * @throws CommandError at the first command that fails
   */
  async ip(...lines: readonly string[]): Promise<void> {
    await run(['ip', '-n', this.name, '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
  }

  /**
   * Runs a program in the namespace; resolves with its standard output.
   * @throws CommandError when the exit code is not 0
   */
  run(argv: readonly string[], options?: CommandOptions): Promise<string> {
    return run([...this.within, ...argv], options);
  }

  /** Runs a program in the namespace; resolves with its outcome, also when the program fails. */
  attempt(argv: readonly string[], options?: CommandOptions): Promise<Outcome> {
    return attempt([...this.within, ...argv], options);
  }

  /**
   * Makes the kernel complete checksums before packets leave through a veth interface. The userspace datapath of Open
   * vSwitch forwards incomplete checksums unchanged, and the receiver would drop these packets.
   */
  async completeChecksums(...interfaces: readonly string[]): Promise<void> {
    await Promise.all(interfaces.map((name) => this.run(['ethtool', '-K', name, 'tx', 'off'])));
  }
}

/** The namespaces whose names begin with `prefix`. */
export function namespacesOf(prefix: string): string[] {
  try {
    return readdirSync(NETNS_FOLDER).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

/**
 * Kills every process in these namespaces (SIGKILL) and removes the namespaces with their interfaces. Ignores missing
 * namespaces. The function is synchronous, so that exit hooks can call it.
 */
export function removeNamespaces(names: readonly string[]): void {
  if (names.length === 0) return;
  for (const pid of processesIn(names)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process exited in the meantime.
    }
  }
  spawnSync('ip', ['-force', '-batch', '-'], { input: names.map((name) => `netns del ${name}\n`).join('') });
}

/** Removes the namespaces of labs whose process has exited. Ignores any other namespace. Has no effect without root. */
export function removeAbandonedNamespaces(): void {
  const abandoned = namespacesOf('ovl').filter((name) => {
    const owner = ownerOfNamespace(name);
    return owner !== undefined && !isAlive(owner);
  });
  removeNamespaces(abandoned);
}

/** Ids of the processes in the namespaces. The inode identifies a namespace (namespaces(7)). */
function processesIn(names: readonly string[]): number[] {
  const wanted = new Set(names.flatMap((name) => inodeOf(join(NETNS_FOLDER, name)) ?? []));
  const own = readlinkSync('/proc/self/ns/net');
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      const link = linkOf(`/proc/${pid}/ns/net`);
      return link !== undefined && link !== own && wanted.has(link);
    })
    .map(Number);
}

function inodeOf(path: string): string | undefined {
  try {
    return `net:[${statSync(path).ino}]`;
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
