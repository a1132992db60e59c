import { conditionMeanings } from '../../src/api/conditions.ts';
import { type ReasonEntry, reasons } from '../../src/api/reasons.ts';
import { type Crd, type Schema, versionOf } from './crds.ts';

const note = '<!-- Made by scripts/generate.ts. Change crds/ or src/api/, and run it again. -->\n\n';

/** The reference pages, not yet formatted: file name in docs/reference → Markdown. */
export function generateReference(crds: readonly Crd[]): Map<string, string> {
  const pages = new Map<string, string>();
  pages.set('README.md', index(crds));
  for (const crd of crds) pages.set(`${crd.spec.names.singular}.md`, kindPage(crd));
  pages.set('conditions.md', conditionsPage());
  return pages;
}

function index(crds: readonly Crd[]): string {
  const [first] = crds;
  const rows = crds.map(({ spec: { names, versions } }) => {
    const description = versions[0]?.schema.openAPIV3Schema.description ?? '';
    return `| [${names.kind}](${names.singular}.md) | \`${names.shortNames.join('`, `')}\` | ${cell(description)} |`;
  });
  return `${note}# Reference

The kinds of \`${first === undefined ? '' : `${first.spec.group}/${versionOf(first).name}`}\`. \`kubectl get overlay\` lists the objects of all of them, and \`kubectl explain\` has the same text as these pages.

| kind | short name | |
| --- | --- | --- |
${rows.join('\n')}

What the operator says about an object: [conditions, reasons and error codes](conditions.md).
`;
}

function kindPage(crd: Crd): string {
  const { names, scope, group } = crd.spec;
  const version = versionOf(crd);
  const root = version.schema.openAPIV3Schema;
  const { spec, status } = root.properties ?? {};
  const columns = version.additionalPrinterColumns;
  const selectable = version.selectableFields?.map(({ jsonPath }) => code(jsonPath.slice(1))) ?? [];
  const refusals = rulesOf(spec ?? {}, 'spec');
  return `${note}# ${names.kind}

${root.description ?? ''}

| | |
| --- | --- |
| apiVersion | \`${group}/${version.name}\` |
| names | \`${names.plural}\`, \`${names.singular}\`, \`${names.shortNames.join('`, `')}\` |
| scope | ${scope} |
| columns | ${columns
    .filter((column) => (column.priority ?? 0) === 0)
    .map(({ name }) => name.toUpperCase())
    .join(', ')} |
| columns with \`-o wide\` | ${
    columns
      .filter((column) => (column.priority ?? 0) > 0)
      .map(({ name }) => name.toUpperCase())
      .join(', ') || 'no others'
  } |
| field selectors | ${selectable.join(', ') || 'none'} |

## Spec

${table(fieldsOf(spec ?? {}, ''))}

${
  refusals.length === 0
    ? ''
    : `## What the schema refuses

Besides what is not of the type above:

| field | message |
| --- | --- |
${refusals.map(([path, message]) => `| ${code(path)} | ${cell(message)} |`).join('\n')}
`
}
## Status

${table(fieldsOf(status ?? {}, ''))}
`;
}

interface Field {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

function table(fields: readonly Field[]): string {
  const rows = fields.map(
    ({ path, type, fallback, description }) =>
      `| ${code(path)} | ${type} | ${fallback} | ${cell(description)} |`,
  );
  return `| field | type | default | |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}

function fieldsOf(schema: Schema, path: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = path === '' ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) === true;
    const fallback =
      field.default === undefined ? (required ? '_required_' : '') : code(JSON.stringify(field.default));
    const row = { path: here, type: typeText(field), fallback, description: field.description ?? '' };
    const below = field.type === 'array' ? fieldsOf(field.items ?? {}, `${here}[]`) : fieldsOf(field, here);
    // Conditions are the same everywhere, and have a page of their own.
    return name === 'conditions' ? [row] : [row, ...below];
  });
}

function typeText(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema.type === 'array') {
    const of = schema.items?.type === 'object' ? 'objects' : 'strings';
    const keys = schema['x-kubernetes-list-map-keys']?.map(code).join(', ');
    return `list of ${of}${keys === undefined ? '' : ` by ${keys}`}${limit(schema.maxItems, 'at most ')}`;
  }
  if (schema.type === 'integer' && schema.maximum !== undefined)
    return `integer, ${schema.minimum ?? 0}–${schema.maximum}`;
  if (schema.type === 'string') return `string${limit(schema.maxLength, 'at most ', ' characters')}`;
  if (schema.additionalProperties !== undefined) return `map of ${schema.additionalProperties.type ?? ''}s`;
  return schema.type ?? '';
}

const limit = (value: number | undefined, before: string, after = ''): string =>
  value === undefined ? '' : `, ${before}${value}${after}`;

/** The CEL rules below a schema: the path that the refusal names, and its message. */
function rulesOf(schema: Schema, path: string): (readonly [string, string])[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(
    ({ message, fieldPath }) => [`${path}${fieldPath ?? ''}`, message] as const,
  );
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    rulesOf(field, `${path}.${name}`),
  );
  return [...own, ...below, ...(schema.items === undefined ? [] : rulesOf(schema.items, `${path}[]`))];
}

function conditionsPage(): string {
  const types = Object.entries(conditionMeanings).map(
    ([type, meaning]) => `| \`${type}\` | ${cell(meaning)} |`,
  );
  const rows = Object.entries<ReasonEntry>(reasons).map(
    ([reason, { code: errorCode, when, remedy }]) =>
      `| \`${reason}\` | ${errorCode === undefined ? '' : code(errorCode)} | ${cell(when)} | ${cell(remedy ?? '')} |`,
  );
  return `${note}# Conditions, reasons and error codes

Every object says in \`status.conditions\` what became of it. Each condition has the \`observedGeneration\` that it speaks of, a \`reason\` for programs and a \`message\` for people. Where there is an error code, the message begins with it; the same codes begin the messages with which the schema refuses an object.

## Conditions

| type | when it is True |
| --- | --- |
${types.join('\n')}

## Reasons

| reason | error code | when | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
