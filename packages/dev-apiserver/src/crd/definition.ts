import { forbiddenValue, invalidValue, requiredValue, unsupportedValue } from '../model/errors.ts';
import type { StatusCause } from '../model/errors.ts';
import { labelProblems, subdomainProblems } from '../model/metadata.ts';
import { equalJson } from '../model/objects.ts';
import type { ApiObject, JsonObject } from '../model/objects.ts';
import { compileJsonPath } from './jsonpath.ts';
import { compileSchema, SchemaError } from '../schema/index.ts';
import type { CompiledSchema } from '../schema/index.ts';

/** CustomResourceDefinitionNames. */
export interface CrdNames {
  plural: string;
  singular?: string;
  shortNames?: string[];
  kind: string;
  listKind?: string;
  categories?: string[];
}

/** A column of CustomResourceDefinitionVersion.additionalPrinterColumns. */
export interface CrdColumn {
  name: string;
  type: string;
  format?: string;
  description?: string;
  priority?: number;
  jsonPath: string;
}

/** CustomResourceDefinitionVersion. */
export interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: JsonObject };
  subresources?: { status?: JsonObject; scale?: JsonObject };
  additionalPrinterColumns?: CrdColumn[];
  selectableFields?: { jsonPath: string }[];
}

/** CustomResourceDefinitionSpec. */
export interface CrdSpec {
  group: string;
  names: CrdNames;
  scope: string;
  versions: CrdVersion[];
  conversion?: { strategy?: string };
  preserveUnknownFields?: boolean;
}

/** A condition of a CustomResourceDefinition. */
export interface CrdCondition {
  type: string;
  status: string;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

/** CustomResourceDefinitionStatus. */
export interface CrdStatus {
  conditions?: CrdCondition[] | null;
  acceptedNames?: CrdNames;
  storedVersions?: string[];
}

/** Returns the spec of a CustomResourceDefinition. Decoding has checked its shape. */
export function specOf(definition: ApiObject): CrdSpec {
  return definition['spec'] as CrdSpec;
}

/** Returns the status of a CustomResourceDefinition. */
export function statusOf(definition: ApiObject): CrdStatus {
  return definition['status'] ?? {};
}

/** Returns the schema of a version as its author wrote it. Without a schema, every value is valid. */
export function versionSchema(version: CrdVersion): JsonObject {
  return version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
}

/**
 * Returns the path of the schema of a version, for messages. A real server moves a schema that all versions
 * share to spec.validation.
 */
function schemaPath(spec: CrdSpec, index: number): string {
  const shared = spec.versions.every((version) => equalJson(version.schema, spec.versions[0]?.schema));
  return shared ? 'spec.validation.openAPIV3Schema' : `spec.versions[${index}].schema.openAPIV3Schema`;
}

/**
 * Caches compiled schemas by their text. Compilation takes tens of milliseconds, and every write of a
 * definition validates it.
 */
const compiled = new Map<string, CompiledSchema>();
const MAX_COMPILED_SCHEMAS = 100;

/**
 * Compiles the schema of a version.
 *
 * @throws SchemaError when the schema is invalid
 */
export function compileVersion(spec: CrdSpec, index: number): CompiledSchema {
  const version = spec.versions[index];
  const schema = version === undefined ? {} : versionSchema(version);
  const path = schemaPath(spec, index);
  const key = `${path} ${JSON.stringify(schema)}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const made = compileSchema(schema, path);
  if (compiled.size >= MAX_COMPILED_SCHEMAS) compiled.clear();
  compiled.set(key, made);
  return made;
}

/** Applies the defaults of a real server. */
export function applyCrdDefaults(definition: ApiObject): void {
  const spec = definition['spec'] as Partial<CrdSpec> | undefined;
  if (spec === undefined) return;
  if (typeof spec.names?.kind === 'string') {
    spec.names.singular ??= spec.names.kind.toLowerCase();
    spec.names.listKind ??= `${spec.names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
}

/** Returns the violations of a CustomResourceDefinition that its own schema does not express. */
export function validateCrd(definition: ApiObject, previous: ApiObject | undefined): StatusCause[] {
  const spec = definition['spec'] as Partial<CrdSpec> | undefined;
  if (
    spec?.names === undefined ||
    !Array.isArray(spec.versions) ||
    spec.group === undefined ||
    spec.scope === undefined
  )
    return [];
  const whole = spec as CrdSpec;
  const causes: StatusCause[] = [];
  const name = `${whole.names.plural}.${whole.group}`;
  if (definition.metadata.name !== name)
    causes.push(
      invalidValue('metadata.name', definition.metadata.name, 'must be spec.names.plural+"."+spec.group'),
    );
  for (const problem of subdomainProblems(whole.group))
    causes.push(invalidValue('spec.group', whole.group, problem));
  if (!whole.group.includes('.'))
    causes.push(invalidValue('spec.group', whole.group, 'should be a domain with at least one dot'));
  if (whole.scope !== 'Namespaced' && whole.scope !== 'Cluster')
    causes.push(unsupportedValue('spec.scope', whole.scope, ['Cluster', 'Namespaced']));
  for (const problem of labelProblems(whole.names.plural))
    causes.push(invalidValue('spec.names.plural', whole.names.plural, problem));
  for (const problem of labelProblems(whole.names.kind.toLowerCase()))
    causes.push(invalidValue('spec.names.kind', whole.names.kind, problem));
  if (whole.preserveUnknownFields === true) {
    causes.push(
      invalidValue(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    );
  }
  if (whole.conversion?.strategy !== 'None') {
    causes.push(
      forbiddenValue(
        'spec.conversion.strategy',
        'this development server converts by changing apiVersion only: use None',
      ),
    );
  }
  causes.push(...validateVersions(whole));
  if (previous !== undefined)
    causes.push(...validateCrdUpdate(whole, specOf(previous), statusOf(definition)));
  return causes;
}

function validateVersions(spec: CrdSpec): StatusCause[] {
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  for (const [index, version] of spec.versions.entries()) {
    const at = `spec.versions[${index}]`;
    for (const problem of labelProblems(version.name))
      causes.push(invalidValue(`${at}.name`, version.name, problem));
    if (names.has(version.name))
      causes.push(invalidValue('spec.versions', version.name, 'must contain unique version names'));
    names.add(version.name);
    if (version.schema?.openAPIV3Schema === undefined)
      causes.push(requiredValue(`${at}.schema.openAPIV3Schema`, ''));
    if (version.subresources?.scale !== undefined) {
      causes.push(
        forbiddenValue(`${at}.subresources.scale`, 'this development server has no scale subresource'),
      );
    }
    for (const [field, paths] of [
      ['additionalPrinterColumns', version.additionalPrinterColumns ?? []],
      ['selectableFields', version.selectableFields ?? []],
    ] as const) {
      for (const [item, { jsonPath }] of paths.entries()) {
        try {
          compileJsonPath(jsonPath);
        } catch (error) {
          causes.push(
            invalidValue(
              `${at}.${field}[${item}].jsonPath`,
              jsonPath,
              error instanceof Error ? error.message : 'is not understood',
            ),
          );
        }
      }
    }
    try {
      compileVersion(spec, index);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      causes.push(...error.causes.filter((cause) => !causes.some((known) => equalJson(known, cause))));
    }
  }
  const storage = spec.versions.filter((version) => version.storage).length;
  if (storage !== 1) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(spec.versions.map((version) => version.name))}: must have exactly one version marked as storage version`,
      field: 'spec.versions',
    });
  }
  return causes;
}

/**
 * Returns the violations in a change of a definition: immutable fields, and versions in which objects may
 * still be stored.
 */
function validateCrdUpdate(spec: CrdSpec, old: CrdSpec, status: CrdStatus): StatusCause[] {
  const causes: StatusCause[] = [];
  const established = (status.conditions ?? []).some(
    (condition) => condition.type === 'Established' && condition.status === 'True',
  );
  if (established) {
    if (spec.scope !== old.scope) causes.push(invalidValue('spec.scope', spec.scope, 'field is immutable'));
    if (spec.names.kind !== old.names.kind)
      causes.push(invalidValue('spec.names.kind', spec.names.kind, 'field is immutable'));
  }
  if (spec.group !== old.group) causes.push(invalidValue('spec.group', spec.group, 'field is immutable'));
  if (spec.names.plural !== old.names.plural)
    causes.push(invalidValue('spec.names.plural', spec.names.plural, 'field is immutable'));
  for (const [index, stored] of (status.storedVersions ?? []).entries()) {
    if (!spec.versions.some((version) => version.name === stored)) {
      causes.push(
        invalidValue(
          `status.storedVersions[${index}]`,
          stored,
          'missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions'.replaceAll(
            'v1',
            stored,
          ),
        ),
      );
    }
  }
  return causes;
}
