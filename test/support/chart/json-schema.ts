/** The subset of JSON Schema that values.schema.json uses. */

export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'integer' | 'number';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
}

const known = new Set<string>([
  'type',
  'properties',
  'additionalProperties',
  'required',
  'items',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  '$schema',
  'title',
  'description',
]);

/**
 * Returns the problems of `value`. Each problem begins with its position.
 * @throws Error when the schema uses a keyword outside the supported subset
 */
export function problems(schema: Schema, value: unknown, place = 'values'): string[] {
  for (const keyword of Object.keys(schema))
    if (!known.has(keyword)) throw new Error(`${place}: ${keyword} is not in the supported subset`);
  const found: string[] = [];
  if (!hasType(schema.type, value)) return [`${place} is not of type ${schema.type ?? ''}`];
  if (schema.enum?.includes(value) === false) found.push(`${place} is not one of ${schema.enum.join(', ')}`);
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    found.push(`${place} does not match ${schema.pattern}`);
  if (typeof value === 'number' && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)))
    found.push(`${place} is out of range`);
  if (Array.isArray(value) && schema.items !== undefined)
    for (const [index, item] of value.entries())
      found.push(...problems(schema.items, item, `${place}[${index}]`));
  if (schema.type === 'object') found.push(...memberProblems(schema, value as object, place));
  return found;
}

function memberProblems(schema: Schema, value: object, place: string): string[] {
  const { properties = {}, additionalProperties: others = true, required = [] } = schema;
  const missing = required
    .filter((name) => !Object.hasOwn(value, name))
    .map((name) => `${place}.${name} is missing`);
  const members = Object.entries(value).flatMap(([name, member]) => {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (own !== undefined) return problems(own, member, `${place}.${name}`);
    if (others === false) return [`${place}.${name} is unknown`];
    return others === true ? [] : problems(others, member, `${place}.${name}`);
  });
  return [...missing, ...members];
}

function hasType(type: Schema['type'], value: unknown): boolean {
  switch (type) {
    case undefined:
      return true;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
