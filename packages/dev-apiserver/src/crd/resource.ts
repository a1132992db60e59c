import { compileVersion, versionSchema } from './definition.ts';
import type { CrdColumn, CrdSpec, CrdVersion } from './definition.ts';
import { compileJsonPath } from './jsonpath.ts';
import type { ApiObject } from '../model/objects.ts';
import type { Column, Resource } from '../storage/resource.ts';
import type { Collection } from '../storage/collection.ts';
import { age, ageColumn, nameColumn } from '../wire/table.ts';

/**
 * Returns the resource that a version of a CustomResourceDefinition defines. `admitCreate` throws when the
 * server must not create objects now.
 *
 * @throws SchemaError when the schema does not compile. The schema of a stored definition always compiles
 */
export function customResource(
  spec: CrdSpec,
  version: CrdVersion,
  index: number,
  collection: Collection,
  admitCreate: () => void,
): Resource {
  const { names, group } = spec;
  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    subresources: version.subresources?.status === undefined ? [] : ['status'],
    verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
    collection,
    openAPISchema: versionSchema(version),
    schema: compileVersion(spec, index),
    columns: columnsOf(version),
    fieldLabels: new Map((version.selectableFields ?? []).map(({ jsonPath }) => fieldLabel(jsonPath))),
    builtIn: false,
    ...(version.deprecated === true
      ? { deprecation: version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated` }
      : {}),
    rules: { createOnUpdate: false, unconditionalUpdate: false, generation: true, admitCreate },
  };
}

function fieldLabel(jsonPath: string): [string, (object: ApiObject) => string] {
  const read = compileJsonPath(jsonPath);
  return [jsonPath.replace(/^\./, ''), (object) => textOf(read(object))];
}

function columnsOf(version: CrdVersion): Column[] {
  if (version.additionalPrinterColumns === undefined) return [nameColumn, { ...ageColumn, type: 'date' }];
  return [nameColumn, ...version.additionalPrinterColumns.map(printerColumn)];
}

function printerColumn({ name, type, format, description, priority, jsonPath }: CrdColumn): Column {
  const read = compileJsonPath(jsonPath);
  return {
    name,
    type,
    format: format ?? '',
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
    cell: (object, now) => {
      const value = read(object);
      if (value === undefined || value === null) return null;
      switch (type) {
        case 'integer':
          return typeof value === 'number' ? Math.trunc(value) : null;
        case 'number':
          return typeof value === 'number' ? value : null;
        case 'boolean':
          return typeof value === 'boolean' ? value : null;
        case 'date':
          return age(value, now);
        default:
          return textOf(value);
      }
    },
  };
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
