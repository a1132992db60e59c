/**
 * The operator's writes for one Port, as a template for other Ports. So the floor sends the same rows and the same
 * status as the operator, except for names and addresses, also after the operator changes.
 */
import { randomUUID } from 'node:crypto';
import type { BareOvsdb, WireRow } from './ovsdb.ts';
import type { PortObject } from './port-watch.ts';

/** The writes of the floor for one Port. */
export interface Filled {
  /** OVSDB operations as JSON, separated by commas, without brackets around them. */
  readonly operations: string;
  /** The operator's JSON patch of the status subresource (ADR 0020): a test of the UID, then the status. */
  readonly status: string;
}

/** The set columns that reference rows of Ports. */
const membershipColumns = [
  { table: 'Logical_Switch', column: 'ports' },
  { table: 'Port_Group', column: 'ports' },
];

/** The data of a template, in a form that can be sent to another process. */
export interface TemplateText {
  readonly operations: string;
  readonly status: string;
  /** The texts that differ from Port to Port, in this order: UID, UUIDs of rows, name, IP address, MAC address. */
  readonly variables: readonly string[];
}

export class Template {
  readonly text: TemplateText;
  readonly #operations: readonly string[];
  readonly #status: readonly string[];

  constructor(text: TemplateText) {
    const { operations, status, variables } = (this.text = text);
    // A split with a capturing group returns text and variables alternately.
    const pattern = new RegExp(`(${variables.join('|').replaceAll('.', '\\.')})`);
    this.#operations = operations.split(pattern);
    this.#status = status.split(pattern);
  }

  /**
   * Creates a template from a Ready Port. The Port's name, IP address and MAC address must not occur in other text.
   * @throws Error when OVN has no rows of the Port, or when the Port has no address
   */
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
      throw new Error(`the Port ${name} is Ready, but OVN has no row with ${mark}=${uid}`);
    for (const { table, column } of membershipColumns) {
      for (const member of uuids) {
        for (const row of await nb.select(table, [[column, 'includes', ['uuid', member]]], ['_uuid'])) {
          const where = [['_uuid', '==', row['_uuid']]];
          operations.push({ op: 'mutate', table, where, mutations: [[column, 'insert', ['uuid', member]]] });
        }
      }
    }
    const { ipAddress, macAddress } = port.status ?? {};
    if (ipAddress === undefined || macAddress === undefined)
      throw new Error(`the Port ${name} is Ready, but its status has no address`);
    const variables = [uid, ...uuids, name, ipAddress, macAddress];
    const text = operations.map((operation) => JSON.stringify(operation)).join(',');
    const status = [
      { op: 'test', path: '/metadata/uid', value: uid },
      { op: 'add', path: '/status', value: port.status },
    ];
    return new Template({ operations: text, status: JSON.stringify(status), variables });
  }

  /** Returns the writes for a Port with this name and UID. `index` determines its addresses; row UUIDs are random. */
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

/** The columns to insert: without the database's internal columns and without empty values, which are the defaults. */
function withoutDefaults(row: WireRow): WireRow {
  const empty = new Set(['["set",[]]', '["map",[]]', '""']);
  return Object.fromEntries(
    Object.entries(row).filter(
      ([column, value]) => !column.startsWith('_') && !empty.has(JSON.stringify(value)),
    ),
  );
}
