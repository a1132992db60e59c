import { parse } from 'yaml';

/** The exit status and the output of a program on a machine. */
export interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine that is connected to a Port, and a function that runs programs in the machine. */
export interface Machine {
  readonly name: string;
  /** The hypervisor of the machine. */
  readonly host: string;
  readonly port: { readonly namespace: string; readonly name: string };
  /** Runs a program and resolves with any outcome. Rejects when the machine is not reachable. */
  run(argv: readonly string[], options: { signal: AbortSignal; timeoutMs: number }): Promise<Outcome>;
}

/** A machine in an inventory. */
interface InventoryEntry {
  readonly name: string;
  /** The hypervisor; default: the host to which the Port is bound. */
  readonly host?: string;
  readonly port: { readonly namespace: string; readonly name: string };
  /** The command prefix that runs a command in the machine. */
  readonly exec: readonly string[];
}

/** The inventory is invalid. The message names the invalid part. */
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
 * @throws InventoryError when the text is not YAML or not an inventory
 */
export function parseInventory(text: string): readonly InventoryEntry[] {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw new InventoryError(`invalid YAML: ${(cause as Error).message}`, { cause });
  }
  const { machines } = record(document, 'the inventory');
  if (!Array.isArray(machines) || machines.length === 0)
    throw new InventoryError('machines must be a list with at least one machine');
  return machines.map((each, index) => {
    const at = `machines[${index}]`;
    const { name, host, port, exec } = record(each, at);
    const { namespace = 'default', name: portName } = record(port, `${at}.port`);
    if (!Array.isArray(exec) || exec.length === 0)
      throw new InventoryError(`${at}.exec must be a list with the words of the command prefix`);
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
  if (typeof value !== 'string' || value === '')
    throw new InventoryError(`${place} must be a non-empty string`);
  return value;
}
