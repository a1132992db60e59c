import { once } from 'node:events';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Connection, ResourceType } from '../reconcile/index.ts';

/** The printed part of a meta.k8s.io/v1 Table. */
export interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

/** Requests the table that `kubectl get` prints for the objects of a kind in a namespace. */
export async function getTable(
  connection: Connection,
  type: ResourceType,
  namespace: string,
): Promise<Table> {
  const path = `/apis/${type.group}/${type.version}/namespaces/${namespace}/${type.plural}`;
  const request = https.get(new URL(path, connection.server), {
    ...connection.tls,
    headers: { ...connection.headers, Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    signal: AbortSignal.timeout(10_000),
    agent: false,
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = (await json(response)) as Partial<Table>;
  if (response.statusCode !== 200)
    throw new Error(
      `The API server answered GET ${path} with status ${response.statusCode ?? 'unknown'}: ${JSON.stringify(body)}`,
    );
  return { columnDefinitions: body.columnDefinitions ?? [], rows: body.rows ?? [] };
}

/**
 * Formats a table as `kubectl get` does: without the wide columns, three spaces between columns, `prefix` before each
 * name.
 */
export function formatTable({ columnDefinitions, rows }: Table, prefix = ''): string {
  const shown = columnDefinitions.flatMap(({ name, priority }, index) =>
    priority === 0 ? [{ name, index }] : [],
  );
  const lines = [
    shown.map(({ name }) => name.toUpperCase()),
    ...rows.map(({ cells }) =>
      shown.map(({ index }, position) => `${position === 0 ? prefix : ''}${printed(cells[index])}`),
    ),
  ];
  return columns(lines);
}

/** Formats lines of cells: each column is as wide as its widest cell, with three spaces between columns. */
export function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

const printed = (cell: unknown): string =>
  cell === null || cell === undefined ? '' : typeof cell === 'string' ? cell : JSON.stringify(cell);
