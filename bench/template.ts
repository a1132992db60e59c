/**
 * What the operator wrote for one Port, as a form to be filled in for others: so the floor sends the same rows and
 * the same status, byte for byte but for names, and stays the same as the operator when that changes.
 */
import { randomUUID } from 'node:crypto';
import type { BareOvsdb, WireRow } from './ovsdb.ts';
import type { PortObject } from './port-watch.ts';

/** What the floor sends for one Port. */
export interface Filled {
  /** OVSDB operations, JSON without brackets around them. */
  readonly operations: string;
  /** A JSON patch of the status subresource as the operator sends it (ADR 0020): a test of the UID, then the status. */
  readonly status: string;
}

/** Columns of sets that rows of Ports are members of. */
const shared = [
  { table: 'Logical_Switch', column: 'ports' },
  { table: 'Port_Group', column: 'ports' },
];

/** A template as data, for another process. */
export interface TemplateText {
  readonly operations: string;
  readonly status: string;
  /** What differs from Port to Port: UID, UUIDs of rows, name, address, MAC. */
  readonly variables: readonly string[];
}

export class Template {
  readonly text: TemplateText;
  readonly #operations: readonly string[];
  readonly #status: readonly string[];

  constructor(text: TemplateText) {
    const { operations, status, variables } = (this.text = text);
    // Split with a capturing group: text and variables in turns.
    const pattern = new RegExp(`(${variables.join('|').replaceAll('.', '\\.')})`);
    this.#operations = operations.split(pattern);
    this.#status = status.split(pattern);
  }

  /** Learns from a Port that is Ready. Its name, address and MAC must not occur by chance in other text. */
  static async learn(nb: BareOvsdb, port: PortObject, mark = 'overlay-network/uid'): Promise<Template> {
    const { uid, name } = port.metadata;
    const operations: unknown[] = [];
    const uuids: string[] = [];
    for (const [table, columns] of await nb.tables()) {
      if (!columns.includes('external_ids')) continue;
      for (const row of await nb.select(table, [['external_ids', 'includes', ['map', [[mark, uid]]]]])) {
        const uuid = uuidOf(row);
        uuids.push(uuid);
        operations.push({ op: 'insert', table, uuid, row: withoutDefaults(row) });
      }
    }
    if (uuids.length === 0)
      throw new Error(`OVN holds no row with ${mark}=${uid}, though Port ${name} is Ready`);
    for (const { table, column } of shared) {
      for (const member of uuids) {
        for (const row of await nb.select(table, [[column, 'includes', ['uuid', member]]], ['_uuid'])) {
          const where = [['_uuid', '==', row['_uuid']]];
          operations.push({ op: 'mutate', table, where, mutations: [[column, 'insert', ['uuid', member]]] });
        }
      }
    }
    const { ipAddress, macAddress } = port.status ?? {};
    if (ipAddress === undefined || macAddress === undefined)
      throw new Error(`Port ${name} is Ready without an address`);
    const variables = [uid, ...uuids, name, ipAddress, macAddress];
    const text = operations.map((operation) => JSON.stringify(operation)).join(',');
    const status = [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'add', path: '/status', value: port.status },
    ];
    return new Template({ operations: text, status: JSON.stringify(status), variables });
  }

  /** Fills it in for the `index`th Port with this name and UID; row UUIDs are new ones. */
  fill(name: string, uid: string, index: number): Filled {
    const low = index % 65_536;
    const hex = [low >> 8, low & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
    const [oldUid, ...rest] = this.text.variables;
    const uuids = rest.slice(0, -3);
    const values = new Map([[oldUid, uid], ...uuids.map((uuid): [string, string] => [uuid, randomUUID()])]);
    const [oldName, ip, mac] = rest.slice(-3);
    values
      .set(oldName, name)
      .set(ip, `10.0.${low >> 8}.${low & 255}`)
      .set(mac, `0a:00:00:00:${hex}`);
    const fill = (parts: readonly string[]): string =>
      parts.map((part, i) => (i % 2 === 0 ? part : values.get(part))).join('');
    return { operations: fill(this.#operations), status: fill(this.#status) };
  }
}

function uuidOf(row: WireRow): string {
  return (row['_uuid'] as [string, string])[1];
}

/** The columns that an insert names: not the database's own, and not those that are empty anyway. */
function withoutDefaults(row: WireRow): WireRow {
  const empty = new Set(['["set",[]]', '["map",[]]', '""']);
  return Object.fromEntries(
    Object.entries(row).filter(
      ([column, value]) => !column.startsWith('_') && !empty.has(JSON.stringify(value)),
    ),
  );
}
