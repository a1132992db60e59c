/**
 * Checks objects against Kubernetes' own types and reports unknown, missing and mistyped fields. The types are the models
 * of @kubernetes/client-node, which are generated from Kubernetes' OpenAPI document (the version is in their headers).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const models = join(import.meta.dirname, '../../../node_modules/@kubernetes/client-node/dist/gen/models');

interface Field {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
}

const known = new Map<string, ReadonlyMap<string, Field>>();

/** Whether a model with this name, such as `V1Deployment`, exists. */
export const hasModel = (model: string): boolean => existsSync(join(models, `${model}.js`));

/** Returns the problems of `value` as an object of a model. Each problem begins with its position under `path`. */
export function modelProblems(model: string, value: unknown, path: string): string[] {
  if (!isMap(value)) return [`${path} is not of type object`];
  const fields = fieldsOf(model);
  const missing = [...fields.values()].filter(
    ({ name, isRequired }) => isRequired && value[name] === undefined,
  );
  return [
    ...missing.map(({ name }) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const field = fields.get(name);
      return field === undefined
        ? [`${path}.${name} is unknown`]
        : typeProblems(field.type, member, `${path}.${name}`);
    }),
  ];
}

function typeProblems(type: string, value: unknown, path: string): string[] {
  const [, item] = /^Array<(.*)>$/.exec(type) ?? [];
  if (item !== undefined) {
    if (!Array.isArray(value)) return [`${path} is not of type array`];
    return value.flatMap((each, index) => typeProblems(item, each, `${path}[${index}]`));
  }
  const [, member] = /^\{ \[key: string\]: (.*); \}$/.exec(type) ?? [];
  if (member !== undefined) {
    if (!isMap(value)) return [`${path} is not of type map`];
    return Object.entries(value).flatMap(([key, each]) => typeProblems(member, each, `${path}.${key}`));
  }
  if (type === 'any') return [];
  if (type === 'IntOrString')
    return ['number', 'string'].includes(typeof value) ? [] : [`${path} is not of type ${type}`];
  if (['string', 'number', 'boolean'].includes(type))
    return typeof value === type ? [] : [`${path} is not of type ${type}`];
  return modelProblems(type, value, path);
}

function fieldsOf(model: string): ReadonlyMap<string, Field> {
  const cached = known.get(model);
  if (cached !== undefined) return cached;
  const [, map = ''] = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(read(`${model}.js`)) ?? [];
  // Only the declarations mark required fields.
  const optional = new Set([...read(`${model}.d.ts`).matchAll(/^ {4}'(\w+)'\?:/gm)].map(([, name]) => name));
  const entries = JSON.parse(map) as { name: string; baseName: string; type: string }[];
  const fields = new Map(
    entries.map(({ name, baseName, type }) => [
      baseName,
      { name: baseName, type, isRequired: !optional.has(name) },
    ]),
  );
  known.set(model, fields);
  return fields;
}

const read = (file: string): string => readFileSync(join(models, file), 'utf8');

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
