import { entryJson, partialMetadata } from './encode.ts';
import type { Column, Resource } from '../storage/resource.ts';
import type { Entry } from '../storage/collection.ts';

/** metav1.ListMeta as a Table has it. */
export interface TableMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

const nameDescription =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';

/** The column that every table begins with. */
export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: nameDescription,
  priority: 0,
  cell: (object) => object.metadata.name ?? '',
};

/** A plain column of a built-in kind. */
export function column(name: string, cell: Column['cell'], priority = 0): Column {
  return { name, type: 'string', format: '', description: '', priority, cell };
}

/** The column that most tables end with. */
export const ageColumn: Column = column('Age', (object, now) => age(object.metadata.creationTimestamp, now));

/**
 * A metav1.Table in JSON. `includeObject`: None, Metadata or Object, what of the object each row carries.
 * `withColumns`: whether to describe the columns, which a watch does only in its first event.
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
    const cells = JSON.stringify(resource.columns.map((one) => one.cell(entry.object, now.getTime())));
    if (includeObject === 'None') return `{"cells":${cells}}`;
    const object =
      includeObject === 'Object' ? entryJson(resource, entry) : JSON.stringify(partialMetadata(entry.object));
    return `{"cells":${cells},"object":${object}}`;
  });
  return `${head.slice(0, -1)},"rows":[${rows.join(',')}]}`;
}

/** The time since a timestamp as kubectl shows ages; "<unknown>" when there is none. */
export function age(timestamp: unknown, now: number): string {
  if (typeof timestamp !== 'string') return '<unknown>';
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '<invalid>' : humanDuration(now - then);
}

/** A duration as apimachinery's duration.HumanDuration words it: two units at most, and only where the second says something. */
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
