import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../owner.ts';
import { attempt, run } from '../../process/command.ts';
import type { CommandOptions, Outcome } from '../../process/command.ts';
import { ownerOfNamespace } from './prefix.ts';

/** Where iproute2 keeps named network namespaces (ip-netns(8)). */
const folder = '/run/netns';

/** A named network namespace: interfaces, addresses and routes of its own. */
export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Makes a namespace that has nothing but its loopback interface, which is up. */
  static async create(name: string): Promise<Namespace> {
    await run(['ip', 'netns', 'add', name]);
    const namespace = new Namespace(name);
    await namespace.ip('link set lo up');
    return namespace;
  }

  /** What to put before a command to run it in the namespace; the process becomes the command. */
  get within(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Runs commands of ip(8), one a line without the word `ip`, in one process. The first that fails ends it. */
  async ip(...lines: readonly string[]): Promise<void> {
    await run(['ip', '-n', this.name, '-batch', '-'], { input: lines.map((line) => `${line}\n`).join('') });
  }

  /** Runs a program in the namespace and resolves with its standard output. @throws CommandError unless it ends with 0 */
  run(argv: readonly string[], options?: CommandOptions): Promise<string> {
    return run([...this.within, ...argv], options);
  }

  /** Runs a program in the namespace to its end, whatever that is. */
  attempt(argv: readonly string[], options?: CommandOptions): Promise<Outcome> {
    return attempt([...this.within, ...argv], options);
  }

  /**
   * Has the kernel complete checksums itself before packets leave through a veth interface. The userspace datapath of
   * Open vSwitch does not do it for others, and what it passes on would be dropped at the far end.
   */
  async completeChecksums(...interfaces: readonly string[]): Promise<void> {
    await Promise.all(interfaces.map((name) => this.run(['ethtool', '-K', name, 'tx', 'off'])));
  }
}

/** Names of the namespaces that begin with `prefix`. */
export function namespacesOf(prefix: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

/**
 * Ends every process in these namespaces (SIGKILL) and removes them, with their interfaces. Synchronous, so that it can
 * be done while the process ends. Namespaces that are gone are no error.
 */
export function removeNamespaces(names: readonly string[]): void {
  if (names.length === 0) return;
  for (const pid of processesIn(names)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  }
  spawnSync('ip', ['-force', '-batch', '-'], { input: names.map((name) => `netns del ${name}\n`).join('') });
}

/** Removes the namespaces of labs whose process is gone; those of others are left alone. Needs root to have an effect. */
export function removeAbandonedNamespaces(): void {
  const abandoned = namespacesOf('ovl').filter((name) => {
    const owner = ownerOfNamespace(name);
    return owner !== undefined && !isAlive(owner);
  });
  removeNamespaces(abandoned);
}

/** Ids of the processes in the namespaces. A namespace is known by its inode (namespaces(7)). */
function processesIn(names: readonly string[]): number[] {
  const wanted = new Set(names.flatMap((name) => inodeOf(join(folder, name)) ?? []));
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
