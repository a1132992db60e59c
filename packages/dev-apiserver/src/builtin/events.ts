import type { ApiObject, JsonObject } from '../model/objects.ts';
import { isObject, part, text } from '../model/objects.ts';
import type { Resource, ResourceRules } from '../storage/resource.ts';
import type { ServerState } from '../storage/state.ts';
import { age, column, nameColumn } from '../wire/table.ts';
import type { Column } from '../storage/resource.ts';
import { invalidValue, requiredValue } from '../model/errors.ts';
import type { StatusCause } from '../model/errors.ts';
import { builtInResource, microTimeProblem } from './core.ts';
import { coreEventSchema, eventSchema } from './schemas.ts';

/**
 * Maps field names of the core group's Event to those of events.k8s.io/v1. Fields that are not listed have
 * the same name in both.
 */
const newNames: Readonly<Record<string, string>> = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
};
const coreNames = Object.fromEntries(Object.entries(newNames).map(([core, name]) => [name, core]));

function renamed(object: ApiObject, names: Readonly<Record<string, string>>): ApiObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [names[key] ?? key, value]),
  ) as ApiObject;
}

const lastSeen = (event: ApiObject): unknown => {
  const series = event['series'];
  if (isObject(series) && series['lastObservedTime'] !== undefined) return series['lastObservedTime'];
  return event['lastTimestamp'] ?? event['eventTime'];
};

function reference(object: JsonObject): string {
  return `${text(object['kind']).toLowerCase()}/${text(object['name'])}`;
}

const columns: readonly Column[] = [
  column('Last Seen', (event, now) => age(lastSeen(event), now)),
  column('Type', (event) => text(event['type'])),
  column('Reason', (event) => text(event['reason'])),
  column('Object', (event) => reference(part(event, 'involvedObject'))),
  column('Subobject', (event) => text(part(event, 'involvedObject')['fieldPath']), 1),
  column(
    'Source',
    (event) => text(part(event, 'source')['component']) || text(event['reportingComponent']),
    1,
  ),
  column('Message', (event) => text(event['message']).trim()),
  column('First Seen', (event, now) => age(event['firstTimestamp'] ?? event['eventTime'], now), 1),
  column('Count', (event) => event['count'] ?? 1, 1),
  { ...nameColumn, description: '', priority: 1 },
];

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

function fieldLabels(prefix: string, reporter: string): Map<string, (object: ApiObject) => string> {
  const labels = new Map<string, (object: ApiObject) => string>();
  for (const field of involved)
    labels.set(`${prefix}.${field}`, (event) => text(part(event, 'involvedObject')[field]));
  for (const field of ['reason', 'type']) labels.set(field, (event) => text(event[field]));
  labels.set(reporter, (event) => text(event['reportingComponent']));
  labels.set(
    'source',
    (event) => text(part(event, 'source')['component']) || text(event['reportingComponent']),
  );
  return labels;
}

/**
 * Returns the resources of Events. Two API groups serve the same objects with different field names. The
 * store holds the form of the core group.
 */
export function eventResources(state: ServerState): Resource[] {
  const common = {
    version: 'v1',
    kind: 'Event',
    plural: 'events',
    namespaced: true,
    shortNames: ['ev'],
    key: 'events',
    columns,
  };
  const rules: ResourceRules = {
    createOnUpdate: true,
    unconditionalUpdate: true,
    generation: false,
    validate: (event) => validateEvent(event, false, false),
    undecodable: (event) =>
      microTimeProblem(event, ['eventTime']) ?? microTimeProblem(part(event, 'series'), ['lastObservedTime']),
  };
  return [
    builtInResource(state, {
      ...common,
      group: '',
      openAPISchema: coreEventSchema,
      fieldLabels: fieldLabels('involvedObject', 'reportingComponent'),
      rules,
    }),
    builtInResource(state, {
      ...common,
      group: 'events.k8s.io',
      openAPISchema: eventSchema,
      fieldLabels: fieldLabels('regarding', 'reportingController'),
      rules: {
        ...rules,
        validate: (event, previous) => validateEvent(renamed(event, coreNames), previous === undefined, true),
        toStorage: (object) => renamed(object, coreNames),
        fromStorage: (object) => renamed(object, newNames),
      },
    }),
  ];
}

/** The namespaces that events about cluster-scoped objects may be in. */
const forClusterScoped = new Set(['default', 'kube-system']);

/**
 * Returns the violations of an event in the form of the core group. Events of the new style have an eventTime
 * and must satisfy additional rules. New events in events.k8s.io (`create` and `newApi`) must be of the new
 * style.
 */
function validateEvent(event: ApiObject, create: boolean, newApi: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  const { namespace = '' } = event.metadata;
  const involved = text(part(event, 'involvedObject')['namespace']);
  if (involved === '' ? !forClusterScoped.has(namespace) : involved !== namespace) {
    causes.push(invalidValue('involvedObject.namespace', involved, 'does not match event.namespace'));
  }
  const newStyle = text(event['eventTime']) !== '';
  if (!newStyle && !(create && newApi)) return causes;
  if (!newStyle) causes.push(requiredValue('eventTime', ''));
  const controller = newApi ? 'reportingController' : 'reportingComponent';
  for (const [field, name] of [
    ['reportingComponent', controller],
    ['reportingInstance', 'reportingInstance'],
    ['action', 'action'],
    ['reason', 'reason'],
  ] as const) {
    if (text(event[field]) === '') causes.push(requiredValue(name, ''));
  }
  if (text(event['message']).length > 1024) {
    causes.push(invalidValue('message', '', 'can have at most 1024 characters'));
  }
  return causes;
}
