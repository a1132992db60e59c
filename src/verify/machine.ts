import { parse } from 'yaml';

/** How a program ended on a machine, and what it said. */
export interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine that is plugged into a Port, and a way to run programs in it. */
export interface Machine {
  readonly name: string;
  /** The hypervisor that it runs on. */
  readonly host: string;
  readonly port: { readonly namespace: string; readonly name: string };
  /** Runs a program to its end, whatever that is; rejects when there is no way to it. */
  run(argv: readonly string[], options: { signal: AbortSignal; timeoutMs: number }): Promise<Outcome>;
}

/** A machine in an inventory. */
export interface InventoryEntry {
  readonly name: string;
  /** Unset: where its Port is bound. */
  readonly host?: string;
  readonly port: { readonly namespace: string; readonly name: string };
  /** What to put before a command to run it in the machine. */
  readonly exec: readonly string[];
}

/** An inventory that cannot be used; the message says where it is wrong. */
export class InventoryError extends Error {
  readonly code = 'INVALID_INVENTORY';
}

/**
 * Reads an inventory:
 *
 * ```yaml
 * machines:
 *   - name: web
 *     port: { namespace: default, name: server }
 *     exec: [ssh, root@192.0.2.10]
 * ```
 *
 * @throws InventoryError
 */
export function parseInventory(text: string): readonly InventoryEntry[] {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw new InventoryError(`not YAML: ${(cause as Error).message}`, { cause });
  }
  const { machines } = record(document, 'the inventory');
  if (!Array.isArray(machines) || machines.length === 0)
    throw new InventoryError('machines must be a list with at least one machine');
  return machines.map((each, index) => {
    const at = `machines[${index}]`;
    const { name, host, port, exec } = record(each, at);
    const { namespace = 'default', name: portName } = record(port, `${at}.port`);
    if (!Array.isArray(exec) || exec.length === 0)
      throw new InventoryError(`${at}.exec must be a list: the words to put before a command`);
    return {
      name: string(name, `${at}.name`),
      ...(host === undefined ? {} : { host: string(host, `${at}.host`) }),
      port: {
        namespace: string(namespace, `${at}.port.namespace`),
        name: string(portName, `${at}.port.name`),
      },
      exec: exec.map((word) => string(word, `${at}.exec`)),
    };
  });
}

function record(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InventoryError(`${place} must be a mapping`);
  return value as Readonly<Record<string, unknown>>;
}

function string(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') throw new InventoryError(`${place} must be a text`);
  return value;
}
