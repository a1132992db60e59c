/**
 * Structural schemas of custom resources: the effects of the `openAPIV3Schema` of a CustomResourceDefinition
 * on objects. The functions are pure. A schema is compiled once and used for every write.
 */
import { checkDefaults } from './check-defaults.ts';
import { checkKeywords } from './check-keywords.ts';
import { checkStructural } from './check-structural.ts';
import { applyDefaults } from './defaults.ts';
import { below, invalid, type StatusCause } from './field-error.ts';
import { deepEqual, get, type JsonObject } from './json.ts';
import { validateListTypes } from './list-type.ts';
import { FieldPath } from './path.ts';
import { prune, pruneNulls } from './prune.ts';
import { compileRules, type RuleTree } from './rules.ts';
import { runRules } from './run-rules.ts';
import { readSchema, type SchemaNode } from './structural.ts';
import { validateValue } from './validate.ts';

export type { StatusCause } from './field-error.ts';
export type { SchemaNode } from './structural.ts';

/** A compiled schema. */
export interface CompiledSchema {
  /** The schema as a tree. Server-side apply reads its list types and map types. */
  readonly root: SchemaNode;
  /**
   * Removes the fields that the schema does not specify, in place.
   *
   * @returns the removed paths, sorted (`spec.colour`). `fieldValidation` determines whether the server
   * reports or rejects them
   */
  prune(object: object): string[];
  /**
   * Removes nulls that count as absent, and applies defaults, in place. Also for objects that were stored
   * earlier. `keepNulls` is for the result of server-side apply: a real server does not remove its nulls, so
   * that validation rejects them.
   */
  applyDefaults(object: object, options?: { readonly keepNulls?: boolean }): void;
  /**
   * Validates an object. For an update, also checks transition rules, and ignores errors in values that the
   * update does not change (ratcheting).
   *
   * @param preceding the errors in the metadata of the object. With certain errors, rules are not run
   * @returns the causes of a real server, without the preceding ones
   */
  validate(
    object: object,
    oldObject?: object,
    preceding?: readonly { readonly reason: string }[],
  ): StatusCause[];
  /**
   * Validates a write through the status subresource. Only the values in `status` are checked against the
   * schema, and the messages contain paths relative to `status`. All rules are run.
   */
  validateStatus(
    object: object,
    oldObject: object,
    preceding?: readonly { readonly reason: string }[],
  ): StatusCause[];
}

/** The causes after which CEL rules are not run, because their result would be meaningless. */
const blockingReasons: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/** A real server would reject this schema in a CRD. `causes` contains the paths and reasons. */
export class SchemaError extends Error {
  readonly code = 'INVALID_SCHEMA';
  readonly causes: readonly StatusCause[];

  constructor(causes: readonly StatusCause[]) {
    super(causes.map(({ field, message }) => `${field}: ${message}`).join('\n'));
    this.causes = causes;
  }
}

/**
 * Compiles the `openAPIV3Schema` of a version of a CRD.
 *
 * @param path the path of the schema in the CRD. The fields of the causes begin with it
 * @throws SchemaError when the schema is not structural or a rule does not compile. A real server rejects
 * such a CRD (422, with these causes)
 */
export function compileSchema(
  openAPIV3Schema: object,
  path = 'spec.validation.openAPIV3Schema',
): CompiledSchema {
  const schema = openAPIV3Schema as JsonObject;
  const causes: StatusCause[] = [];
  const { unreadable } = checkKeywords(schema, path, causes);
  if (!unreadable) causes.push(...checkStructural(schema, path));
  if (causes.length > 0) throw new SchemaError(causes);
  const root = readSchema(schema);
  checkDefaults(root, path, causes);
  if (causes.length > 0) throw new SchemaError(causes);
  const rules = compileRules(root, new FieldPath(path), causes);
  if (causes.length > 0) throw new SchemaError(causes);
  return {
    root,
    prune: (object) => prune(object as JsonObject, root),
    applyDefaults: (object, { keepNulls = false } = {}) => {
      if (!keepNulls) pruneNulls(object as JsonObject, root);
      applyDefaults(object as JsonObject, root);
    },
    validate: (object, oldObject, preceding = []) => {
      const causes: StatusCause[] = [];
      const old = oldObject as JsonObject | undefined;
      validateValue(object as JsonObject, root, old, new FieldPath(), causes);
      return validateRest(object as JsonObject, old, root, rules, causes, preceding);
    },
    validateStatus: (object, oldObject, preceding = []) => {
      const causes = checkStatus(
        object as JsonObject,
        oldObject as JsonObject,
        root.properties.get('status'),
      );
      return validateRest(object as JsonObject, oldObject as JsonObject, root, rules, causes, preceding);
    },
  };
}

function checkStatus(object: JsonObject, old: JsonObject, schema: SchemaNode | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  const status = get(object, 'status');
  if (status !== undefined && schema !== undefined) {
    validateValue(status, schema, get(old, 'status'), new FieldPath(), causes);
  }
  return below('status', causes);
}

/** Checks list types and rules, which concern the whole object whichever part was written. */
function validateRest(
  object: JsonObject,
  old: JsonObject | undefined,
  root: SchemaNode,
  rules: RuleTree | undefined,
  causes: StatusCause[],
  preceding: readonly { readonly reason: string }[],
): StatusCause[] {
  const path = new FieldPath();
  const repeatedBefore: StatusCause[] = [];
  if (old !== undefined) validateListTypes(old, root, path, repeatedBefore);
  if (repeatedBefore.length === 0) validateListTypes(object, root, path, causes);
  if (rules === undefined) return causes;
  if ([...preceding, ...causes].some(({ reason }) => blockingReasons.has(reason)))
    causes.push(invalid('', null, RULES_NOT_CHECKED));
  else runRules(object, rules, old, old !== undefined && deepEqual(object, old), path, causes);
  return causes;
}

const RULES_NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
