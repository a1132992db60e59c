/**
 * Checks that an applied configuration fits its shape. A configuration that does not fit cannot be merged.
 * Source: sigs.k8s.io/structured-merge-diff/typed/validate.go; the messages are copied from there.
 */
import { isObject, type Json } from '../schema/json.ts';
import { itemElement, ListItemError } from './list-item.ts';
import { fieldElement, printElement } from './path-element.ts';
import { atomOf, memberShape, type ListShape, type MapShape, type Shape } from './shape.ts';

/** Returns the problems of a configuration, as `.spec.a: expected string, got ...`. */
export function checkConfiguration(value: Json, shape: Shape): string[] {
  const problems: string[] = [];
  checkValue(value, shape, '', problems);
  return problems;
}

function checkValue(value: Json, shape: Shape, path: string, problems: string[]): void {
  if (value === null) return;
  const report = (text: string): void => {
    problems.push(path === '' ? text : `${path}: ${text}`);
  };
  const atom = atomOf(shape, value);
  if (atom.kind === 'scalar') {
    const expected = shape.scalar ?? 'untyped';
    if (!isScalar(expected, value))
      report(`expected ${EXPECTED[expected]}, got ${describe(expected, value)}`);
  } else if (atom.kind === 'list') {
    if (Array.isArray(value)) checkItems(value, atom.list, path, problems);
    else report(`expected list, got &{${printGo(value)}}`);
  } else if (isObject(value)) {
    checkMembers(value, atom.map, path, problems);
  } else {
    report(`expected map, got &{${printGo(value)}}`);
  }
}

function checkMembers(value: Record<string, Json>, map: MapShape, path: string, problems: string[]): void {
  for (const [name, inner] of Object.entries(value)) {
    const below = path + printElement(fieldElement(name));
    const shape = memberShape(map, name);
    if (shape === undefined) problems.push(`${below}: field not declared in schema`);
    else checkValue(inner, shape, below, problems);
  }
}

function checkItems(items: readonly Json[], list: ListShape, path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    let step = `[${index}]`;
    if (!list.atomic) {
      try {
        const element = itemElement(list, item);
        step = printElement(element);
        if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${step}`);
        seen.add(element);
      } catch (error) {
        if (!(error instanceof ListItemError)) throw error;
        problems.push(`${path}: element ${index}: ${error.message}`);
        return;
      }
    }
    checkValue(item, list.element, path + step, problems);
  }
}

type ScalarKind = NonNullable<Shape['scalar']>;

const EXPECTED: Readonly<Record<ScalarKind, string>> = {
  string: 'string',
  numeric: 'numeric (int or float)',
  boolean: 'boolean',
  untyped: 'any scalar',
};

function isScalar(kind: ScalarKind, value: Json): boolean {
  if (kind === 'numeric') return typeof value === 'number';
  if (kind === 'untyped') return ['string', 'number', 'boolean'].includes(typeof value);
  return typeof value === kind;
}

/** Formats a value in the notation of Go, as the original does. */
function describe(expected: ScalarKind, value: Json): string {
  if (expected === 'numeric') return goType(value);
  return expected === 'string'
    ? `&value.valueUnstructured{Value:${printGoValue(value)}}`
    : `&{${printGo(value)}}`;
}

function goType(value: Json): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

function printGo(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printGo).join(' ')}]`;
  if (isObject(value)) {
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${printGo(value[key] ?? null)}`)
      .join(' ')}]`;
  }
  return value === null ? '<nil>' : String(value);
}

function printGoValue(value: Json): string {
  if (typeof value === 'object' && value !== null) return `${goType(value)}{...}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
