import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFolders, generateFiles } from '../../../scripts/generate/files.ts';
import { type Crd, readCrds, type Schema, versionOf } from '../../../scripts/generate/crds.ts';
import { generateTypes } from '../../../scripts/generate/types.ts';
import { reasons, resources } from '../../../src/api/index.ts';
import { kindNames } from '../../../src/controllers/index.ts';

const root = join(import.meta.dirname, '../../..');
const crds = readCrds(join(root, 'crds'));

/** A schema and all schemas below it, with their paths. */
function* walk(schema: Schema, path: string): Generator<readonly [string, Schema]> {
  yield [path, schema];
  for (const [name, below] of Object.entries(schema.properties ?? {})) yield* walk(below, `${path}.${name}`);
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
}

const schemas = crds.flatMap((crd) => {
  const { properties } = versionOf(crd).schema.openAPIV3Schema;
  return ['spec', 'status'].flatMap((part) => [
    ...walk(properties?.[part] ?? {}, `${crd.spec.names.kind}.${part}`),
  ]);
});

describe('the generated files', () => {
  it('match the CRDs and catalogues (otherwise run `npm run generate`)', async () => {
    for (const [path, text] of await generateFiles(root)) {
      expect({ path, text: readFileSync(join(root, path), 'utf8') }).toEqual({ path, text });
    }
  });

  it('include every file in the generated folders (otherwise run `npm run generate`)', async () => {
    const files = await generateFiles(root);
    for (const folder of generatedFolders)
      for (const name of readdirSync(join(root, folder)))
        expect([...files.keys()]).toContain(`${folder}/${name}`);
  });

  it('have at most 300 lines in src/', async () => {
    for (const [path, text] of await generateFiles(root)) {
      const isLong = path.startsWith('src/') && text.split('\n').length > 301;
      expect({ path, isLong }).toEqual({ path, isLong: false });
    }
  });

  it('contain exactly the kinds of crds/, and src/controllers/kinds.ts has the same kinds', () => {
    const kinds = crds.map(({ spec }) => spec.names.kind);
    expect(Object.keys(resources)).toEqual(kinds);
    expect([...kindNames].sort()).toEqual([...kinds].sort());
  });

  it('cannot contain two shapes with one name', () => {
    const changed = structuredClone(crds) as [Crd, ...Crd[]];
    const vpc = versionOf(changed[0]).schema.openAPIV3Schema.properties?.['spec']?.properties ?? {};
    vpc['otherRef'] = { type: 'object', properties: { name: { type: 'string' }, kind: { type: 'string' } } };
    expect(() => generateTypes(changed)).toThrow(/LocalReference/);
  });
});

describe('the names of the kinds', () => {
  const names = crds.map(({ spec }) => spec.names);

  it.each(names)('have one short name that begins with "o", and the category overlay: $kind', (name) => {
    expect(name.shortNames).toEqual([expect.stringMatching(/^o[a-z0-9]+$/)]);
    expect(name.categories).toEqual(['overlay']);
    expect(name.singular).toBe(name.kind.toLowerCase());
  });

  it('are unique, because plurals, singulars and short names share one space', () => {
    const all = names.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...shortNames]);
    expect(all).toEqual([...new Set(all)]);
  });
});

describe('the schemas', () => {
  it.each(schemas)('have a description and limits for %s', (path, schema) => {
    expect(schema.description).toMatch(/^[A-Z`0-9].*[.:`]$/);
    if (schema.type === 'string' && schema.enum === undefined && !path.endsWith('.lastTransitionTime')) {
      expect(schema.maxLength).toBeGreaterThan(0);
    }
    if (schema.type === 'array') {
      expect(schema.maxItems).toBeGreaterThan(0);
      expect(schema['x-kubernetes-list-type']).toMatch(/^(map|set|atomic)$/);
    }
    expect(schema.type).not.toBe('boolean');
  });

  it('have no defaults inside lists, because server-side apply cannot merge them', () => {
    for (const [path, schema] of schemas) {
      if (path.includes('[]'))
        expect({ path, fallback: schema.default }).toEqual({ path, fallback: undefined });
    }
  });

  it('use only error codes of the catalogue in their messages', () => {
    const messages = schemas
      .flatMap(([, schema]) => schema['x-kubernetes-validations'] ?? [])
      .map(({ message }) => message);
    const codes = new Set(messages.flatMap((message) => /^([A-Z_]+): /.exec(message)?.[1] ?? []));
    expect([...codes].sort()).toEqual(['INVALID_CIDR', 'IP_OUTSIDE_SUBNET', 'PORT_ALREADY_ATTACHED']);
    const known = Object.values(reasons).map((reason) => reason.code);
    for (const code of codes) expect(known).toContain(code);
  });
});
