/** The functions of Go, sprig and Helm that the chart uses. */
import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { isTrue, type Functions } from './evaluate.ts';

const indent = (spaces: unknown, text: unknown): string =>
  String(text).replace(/^/gm, ' '.repeat(Number(spaces)));

export const chartFunctions: Functions = {
  and: (...values) => (values.every(isTrue) ? values.at(-1) : values.find((value) => !isTrue(value))),
  or: (...values) => (values.some(isTrue) ? values.find(isTrue) : values.at(-1)),
  not: (value) => !isTrue(value),
  contains: (part, text) => String(text).includes(String(part)),
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  dict: (...pairs): unknown =>
    Object.fromEntries(pairs.flatMap((key, index) => (index % 2 === 0 ? [[key, pairs[index + 1]]] : []))),
  eq: (one, other) => one === other,
  fail: (message) => {
    throw new Error(String(message));
  },
  fromYaml: (text) => parse(String(text)) as unknown,
  indent,
  int: (value) => Math.trunc(Number(value)),
  lower: (text) => String(text).toLowerCase(),
  nindent: (spaces, text) => `\n${indent(spaces, text)}`,
  omit: (map, ...keys): unknown =>
    Object.fromEntries(Object.entries(map as object).filter(([key]) => !keys.includes(key))),
  printf: (format, ...values) =>
    String(format).replaceAll(/%([sdq])/g, (_, verb) => {
      const value = values.shift();
      return verb === 'q' ? JSON.stringify(value) : String(value);
    }),
  quote: (value) => JSON.stringify(String(value)),
  replace: (from, to, text) => String(text).replaceAll(String(from), () => String(to)),
  required: (message, value) => {
    if (value === undefined || value === null || value === '') throw new Error(String(message));
    return value;
  },
  set: (map, key, value) => {
    (map as Record<string, unknown>)[String(key)] = value;
    return map;
  },
  sha256sum: (text) => createHash('sha256').update(String(text)).digest('hex'),
  toYaml: (value) =>
    stringify(value, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false }).trimEnd(),
  trimSuffix: (suffix, text) =>
    String(text).endsWith(String(suffix)) ? String(text).slice(0, -String(suffix).length) : text,
  trunc: (length, text) => String(text).slice(0, Number(length)),
};
