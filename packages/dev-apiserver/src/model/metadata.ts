import { randomInt } from 'node:crypto';
import { invalidValue, requiredValue } from './errors.ts';
import type { StatusCause } from './errors.ts';
import type { ApiObject, ObjectMeta } from './objects.ts';

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

const subdomainRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelRule =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const qualifiedNameRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** Returns the problems of a DNS subdomain (RFC 1123) in the words of a real server. */
export function subdomainProblems(name: string): string[] {
  return [
    ...(name.length > 253 ? ['must be no more than 253 characters'] : []),
    ...(subdomain.test(name) ? [] : [subdomainRule]),
  ];
}

/** Returns the problems of a DNS label (RFC 1123). Names of namespaces are DNS labels. */
export function labelProblems(name: string): string[] {
  return [
    ...(name.length > 63 ? ['must be no more than 63 characters'] : []),
    ...(label.test(name) ? [] : [labelRule]),
  ];
}

/**
 * Returns the problems of a qualified name, `[prefix/]name`. Keys of labels and annotations are qualified
 * names.
 */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/');
  const problems: string[] = [];
  if (parts.length > 2) {
    return [
      "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const name = parts.at(-1) ?? '';
  if (parts.length === 2) {
    const [prefix = ''] = parts;
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push('name part must be no more than 63 characters');
  if (!qualifiedName.test(name)) problems.push(qualifiedNameRule);
  return problems;
}

/** Returns the problems of a label value. */
export function labelValueProblems(value: string): string[] {
  return [
    ...(value.length > 63 ? ['must be no more than 63 bytes'] : []),
    ...(labelValue.test(value) ? [] : [labelValueRule]),
  ];
}

/** Returns the violations in the metadata of an object, for create and update. */
export function validateMeta(meta: ObjectMeta, nameProblems: (name: string) => string[]): StatusCause[] {
  const causes: StatusCause[] = [];
  if (meta.generateName !== undefined) {
    // The server appends five characters, so that a prefix may end with "-".
    for (const problem of nameProblems(meta.generateName.replace(/-$/, 'a'))) {
      causes.push(invalidValue('metadata.generateName', meta.generateName, problem));
    }
  }
  if (meta.name === undefined)
    causes.push(requiredValue('metadata.name', 'name or generateName is required'));
  else
    for (const problem of nameProblems(meta.name))
      causes.push(invalidValue('metadata.name', meta.name, problem));
  for (const owner of meta.ownerReferences ?? []) {
    const at = 'metadata.ownerReferences';
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if ((owner[field] as string | undefined) === undefined) {
        causes.push(
          field === 'apiVersion'
            ? invalidValue(`${at}.apiVersion`, '', 'version must not be empty')
            : invalidValue(`${at}.${field}`, '', 'must not be empty'),
        );
      }
    }
  }
  const controllers = (meta.ownerReferences ?? []).filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const names = controllers.map((owner) => `{${owner.kind} ${owner.name}}`);
    causes.push(
      invalidValue(
        'metadata.ownerReferences',
        names.join(' and '),
        'Only one reference can have Controller set to true',
      ),
    );
  }
  for (const finalizer of meta.finalizers ?? []) {
    for (const problem of qualifiedNameProblems(finalizer))
      causes.push(invalidValue('metadata.finalizers', finalizer, problem));
  }
  for (const [key, value] of Object.entries(meta.labels ?? {})) {
    for (const problem of qualifiedNameProblems(key))
      causes.push(invalidValue('metadata.labels', key, problem));
    for (const problem of labelValueProblems(value))
      causes.push(invalidValue('metadata.labels', value, problem));
  }
  let annotationBytes = 0;
  for (const [key, value] of Object.entries(meta.annotations ?? {})) {
    for (const problem of qualifiedNameProblems(key.toLowerCase()))
      causes.push(invalidValue('metadata.annotations', key, problem));
    annotationBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (annotationBytes > MAX_ANNOTATIONS_BYTES) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`,
      field: 'metadata.annotations',
    });
  }
  return causes;
}

/**
 * Returns the violations in a change of metadata: the identity of an object is immutable, and a terminating
 * object must not receive new finalizers.
 */
export function validateMetaUpdate(meta: ObjectMeta, old: ObjectMeta): StatusCause[] {
  const causes: StatusCause[] = [];
  if (old.deletionTimestamp !== undefined) {
    const added = (meta.finalizers ?? []).filter((finalizer) => !(old.finalizers ?? []).includes(finalizer));
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
      causes.push({
        reason: 'FieldValueForbidden',
        message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        field: 'metadata.finalizers',
      });
    }
  }
  for (const field of [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const) {
    if (meta[field] !== old[field])
      causes.push(invalidValue(`metadata.${field}`, meta[field] ?? '', 'field is immutable'));
  }
  return causes;
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * Generates a name: the prefix and five random characters, with the prefix cut so that the name has at most
 * 63 characters.
 */
export function generateName(prefix: string): string {
  let suffix = '';
  for (let i = 0; i < 5; i += 1) suffix += SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)] ?? 'b';
  return `${prefix.slice(0, 58)}${suffix}`;
}

/** Returns the label lookup of an object, for selectors. */
export function labelsOf(object: ApiObject): (key: string) => string | undefined {
  const labels = object.metadata.labels;
  return (key) => (labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined);
}
