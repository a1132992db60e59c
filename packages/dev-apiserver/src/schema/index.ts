/**
 * Structural schemas of custom resources: what a CustomResourceDefinition's `openAPIV3Schema` does to
 * objects. Pure: no I/O, no clock; compiled once and then used for every write.
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

/** A schema that is ready for use. */
export interface CompiledSchema {
  /** The schema as a tree; server-side apply reads its list and map types. */
  readonly root: SchemaNode;
  /**
   * Removes what the schema does not specify, in place.
   * @returns the removed paths, sorted (`spec.colour`): what `fieldValidation` warns of or refuses
   */
  prune(object: object): string[];
  /**
   * Removes nulls that count as absent and fills in defaults, in place; also on objects that were stored before.
   * `keepNulls` is for the result of server-side apply, from which the real server does not remove them, but
   * refuses them.
   */
  applyDefaults(object: object, options?: { readonly keepNulls?: boolean }): void;
  /**
   * Everything that is wrong with an object; with the old one, an update's transition rules are checked
   * and what the update does not touch is not held against it (ratcheting).
   * @param preceding what was found in the object's metadata before: rules are not run when that is wrong already
   * @returns causes as the real server's, without the preceding ones; empty for a good object
   */
  validate(
    object: object,
    oldObject?: object,
    preceding?: readonly { readonly reason: string }[],
  ): StatusCause[];
  /**
   * As `validate`, for a write through the status subresource: of the values only those in `status` are checked
   * against the schema (the causes' messages then speak from there), but every rule is.
   */
  validateStatus(
    object: object,
    oldObject: object,
    preceding?: readonly { readonly reason: string }[],
  ): StatusCause[];
}

/** Causes that make CEL rules meaningless: they are not run then. */
const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

/** A schema that the real server would not take in a CRD; `causes` say where and why. */
export class SchemaError extends Error {
  readonly code = 'INVALID_SCHEMA';
  readonly causes: readonly StatusCause[];

  constructor(causes: readonly StatusCause[]) {
    super(causes.map(({ field, message }) => `${field}: ${message}`).join('\n'));
    this.causes = causes;
  }
}

/**
 * Compiles the `openAPIV3Schema` of a CRD's version.
 * @param path where the schema is in the CRD; the causes' fields begin with it
 * @throws SchemaError when the schema is not structural or a rule does not compile: the real server
 * refuses such a CRD (422, with these causes)
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

/** List types and rules, which are about the whole object whatever part of it was written. */
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
  if ([...preceding, ...causes].some(({ reason }) => BLOCKING.has(reason)))
    causes.push(invalid('', null, RULES_NOT_CHECKED));
  else runRules(object, rules, old, old !== undefined && deepEqual(object, old), path, causes);
  return causes;
}

const RULES_NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
