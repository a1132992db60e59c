import { entryJson, partialMetadata } from './encode.ts';
import type { Column, Resource } from '../storage/resource.ts';
import type { Entry } from '../storage/collection.ts';

/** The metav1.ListMeta of a Table. */
export interface TableMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

const nameDescription =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';

/** The first column of every table. */
export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: nameDescription,
  priority: 0,
  cell: (object) => object.metadata.name ?? '',
};

/** Creates a column of a built-in kind. */
export function column(name: string, cell: Column['cell'], priority = 0): Column {
  return { name, type: 'string', format: '', description: '', priority, cell };
}

/** The last column of most tables. */
export const ageColumn: Column = column('Age', (object, now) => age(object.metadata.creationTimestamp, now));

/**
 * Returns a metav1.Table in JSON. `includeObject` selects the part of the object in each row: None, Metadata
 * or Object. `withColumns` includes the column definitions. A watch sends them only in its first event.
 */
export function tableJson(
  resource: Resource,
  entries: readonly Entry[],
  metadata: TableMeta,
  includeObject: string,
  now: Date,
  withColumns: boolean,
): string {
  const columns = resource.columns.map(({ cell: _cell, ...definition }) => definition);
  const head = JSON.stringify({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns ? columns : null,
  });
  const rows = entries.map((entry) => {
    const cells = JSON.stringify(resource.columns.map(({ cell }) => cell(entry.object, now.getTime())));
    if (includeObject === 'None') return `{"cells":${cells}}`;
    const object =
      includeObject === 'Object' ? entryJson(resource, entry) : JSON.stringify(partialMetadata(entry.object));
    return `{"cells":${cells},"object":${object}}`;
  });
  return `${head.slice(0, -1)},"rows":[${rows.join(',')}]}`;
}

/** Formats the time since a timestamp as kubectl does. Returns "<unknown>" without a timestamp. */
export function age(timestamp: unknown, now: number): string {
  if (typeof timestamp !== 'string') return '<unknown>';
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '<invalid>' : humanDuration(now - then);
}

/**
 * Formats a duration like apimachinery's duration.HumanDuration: at most two units, and the second one only
 * for small values of the first.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 24 * 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  if (days < 365 * 8) return pair(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
