/**
 * Field errors in the words of a real API server.
 * Source: k8s.io/apimachinery/pkg/util/validation/field. The message of a cause is `ErrorBody()` of that
 * package.
 */

/** An entry of `Status.details.causes` (meta/v1 StatusCause). */
export interface StatusCause {
  /** A cause type of meta/v1, for example `FieldValueInvalid`. */
  reason: string;
  message: string;
  /**
   * The JSON path of the field (`spec.cidr`, `spec.rules[2].port`). `<nil>` when the error concerns no
   * specific field.
   */
  field: string;
}

/** The field that Go prints for an error without a path. */
export const NO_FIELD = '<nil>';

/** Represents a value that the message omits (field.OmitValueType). */
export const OMITTED = Symbol('omitted value');

/** A value that is already formatted. Go prints the fields of structs in their own order. */
export class Printed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const titles = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueTypeInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
} as const;

/** The cause types of validation. */
export type CauseReason = keyof typeof titles;

const reasonsWithoutValue: ReadonlySet<CauseReason> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
]);

/**
 * Creates the cause for an invalid field.
 *
 * @param field the JSON path, or '' for none
 * @param value the invalid value. `OMITTED` omits it
 * @param detail the reason. '' omits it
 */
export function cause(reason: CauseReason, field: string, value: unknown, detail: string): StatusCause {
  let message: string = titles[reason];
  if (!reasonsWithoutValue.has(reason) && value !== OMITTED) message += `: ${printValue(value)}`;
  if (detail !== '') message += `: ${detail}`;
  return { reason, message, field: field === '' ? NO_FIELD : field };
}

/** Creates the cause for a missing required field. `detail` is usually ''. */
export const required = (field: string, detail = ''): StatusCause =>
  cause('FieldValueRequired', field, OMITTED, detail);

/** Creates the cause for a value that violates a rule. */
export const invalid = (field: string, value: unknown, detail: string): StatusCause =>
  cause('FieldValueInvalid', field, value, detail);

/** Creates the cause for a field or value that is not allowed. */
export const forbidden = (field: string, detail: string): StatusCause =>
  cause('FieldValueForbidden', field, OMITTED, detail);

/** Creates the cause for a value that occurs earlier in the same list. */
export const duplicate = (field: string, value: unknown): StatusCause =>
  cause('FieldValueDuplicate', field, value, '');

/**
 * Creates the cause for a value that is not in `supported`. The message lists the supported values in their
 * order.
 */
export function notSupported(field: string, value: unknown, supported: readonly unknown[]): StatusCause {
  const names = supported.map((allowed) => quote(typeof allowed === 'string' ? allowed : toJson(allowed)));
  return cause(
    'FieldValueNotSupported',
    field,
    value,
    names.length === 0 ? '' : `supported values: ${names.join(', ')}`,
  );
}

/**
 * Converts the causes of a separately checked value into causes of the object that has the value in `field`.
 */
export function below(field: string, causes: readonly StatusCause[]): StatusCause[] {
  return causes.map((found) => ({
    ...found,
    field: found.field === NO_FIELD ? field : `${field}.${found.field}`,
  }));
}

/** Formats a value like Go's field errors: scalars as they are, strings quoted, other values as JSON. */
function printValue(value: unknown): string {
  if (value instanceof Printed) return value.text;
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return toJson(value ?? null);
}

/** Formats JSON like Go's encoder: keys sorted, and `<`, `>`, `&` escaped. */
export function toJson(value: unknown): string {
  return escapeJson(JSON.stringify(sorted(value)));
}

/** Escapes the characters of JSON text that Go's encoder escapes in addition to JSON's own rules. */
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

const escapes: Readonly<Record<string, string>> = {
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

/** Formats a string like Go's `%q` (strconv.Quote): unprintable characters escaped. */
export function quote(text: string): string {
  const body = text.replace(/["\\]|\p{C}|(?! )\p{Z}/gu, (char) => {
    const short = escapes[char];
    if (short !== undefined) return short;
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${body}"`;
}
