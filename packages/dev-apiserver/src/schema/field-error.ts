/**
 * Field errors: what is wrong with one field, in the words of the real API server.
 *
 * Source: k8s.io/apimachinery/pkg/util/validation/field. The message of a cause is that package's
 * `ErrorBody()`, so that a person sees here what a cluster would say.
 */

/** One entry of `Status.details.causes` (meta/v1 StatusCause). */
export interface StatusCause {
  /** A cause type of meta/v1, e.g. `FieldValueInvalid`. */
  reason: string;
  message: string;
  /** JSON path of the field (`spec.cidr`, `spec.rules[2].port`); `<nil>` when no field is to blame. */
  field: string;
}

/** The field that Go prints for an error without a path. */
export const NO_FIELD = '<nil>';

/** Stands for a value that is left out of the message (field.OmitValueType). */
export const OMITTED = Symbol('omitted value');

/** A value that is printed already (structs of Go have their fields in their own order). */
export class Printed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const TITLES = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
} as const;

/** The cause types that validation gives. */
export type CauseReason = keyof typeof TITLES;

const WITHOUT_VALUE: ReadonlySet<CauseReason> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
]);

/**
 * The cause for a bad field.
 * @param field JSON path, or '' for none
 * @param value the offending value; `OMITTED` leaves it out
 * @param detail what is wrong with it; '' adds nothing
 */
export function cause(reason: CauseReason, field: string, value: unknown, detail: string): StatusCause {
  let message: string = TITLES[reason];
  if (!WITHOUT_VALUE.has(reason) && value !== OMITTED) message += `: ${printValue(value)}`;
  if (detail !== '') message += `: ${detail}`;
  return { reason, message, field: field === '' ? NO_FIELD : field };
}

/** A required field that is missing; `detail` is mostly ''. */
export const required = (field: string, detail = ''): StatusCause =>
  cause('FieldValueRequired', field, OMITTED, detail);

/** A value that breaks a rule. */
export const invalid = (field: string, value: unknown, detail: string): StatusCause =>
  cause('FieldValueInvalid', field, value, detail);

/** A field or value that must not be there. */
export const forbidden = (field: string, detail: string): StatusCause =>
  cause('FieldValueForbidden', field, OMITTED, detail);

/** A value that was there before in the same list. */
export const duplicate = (field: string, value: unknown): StatusCause =>
  cause('FieldValueDuplicate', field, value, '');

/** A value that is none of `supported`, which are listed in their order. */
export function notSupported(field: string, value: unknown, supported: readonly unknown[]): StatusCause {
  const names = supported.map((allowed) => quote(typeof allowed === 'string' ? allowed : toJson(allowed)));
  return cause(
    'FieldValueNotSupported',
    field,
    value,
    names.length === 0 ? '' : `supported values: ${names.join(', ')}`,
  );
}

/** Causes of a value that was checked by itself, as causes of the object where it is in `field`. */
export function below(field: string, causes: readonly StatusCause[]): StatusCause[] {
  return causes.map((found) => ({
    ...found,
    field: found.field === NO_FIELD ? field : `${field}.${found.field}`,
  }));
}

/** How Go's field errors print a value: scalars as they are, strings quoted, the rest as JSON. */
function printValue(value: unknown): string {
  if (value instanceof Printed) return value.text;
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return toJson(value ?? null);
}

/** JSON as Go's encoder writes it: keys sorted, and `<`, `>`, `&` escaped. */
export function toJson(value: unknown): string {
  return escapeJson(JSON.stringify(sorted(value)));
}

/** JSON text with the characters escaped that Go's encoder escapes beyond JSON's own rules. */
export function escapeJson(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** A string as Go's `%q` prints it (strconv.Quote): unprintable characters escaped. */
export function quote(text: string): string {
  const body = text.replace(/["\\]|\p{C}|(?! )\p{Z}/gu, (char) => {
    const short = ESCAPES[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${body}"`;
}
