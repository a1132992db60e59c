import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layerOf } from '../../../scripts/eslint-layers.js';
import { layers } from '../../../scripts/layers.js';

const root = join(import.meta.dirname, '../../..');
const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

/** The rows of the table after the comment `<!-- layers -->` in docs/architecture.md. */
const documented = (): { layer: string; purpose: string; imports: string[] }[] =>
  readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    .split('<!-- layers -->\n\n')[1]!
    .split('\n\n')[0]!
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
    .map(([folder = '', purpose = '', imports = '']) => ({
      layer: names(folder)[0] ?? '',
      purpose: purpose.trim(),
      imports: names(imports).sort(),
    }));

describe('the table of layers', () => {
  it('is the same in docs/architecture.md and scripts/layers.js', () => {
    const shown = documented().map(({ layer, imports }) => [layer, imports]);
    const enforced = Object.entries(layers).map(([layer, imports]) => [layer, [...imports].sort()]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(enforced));
  });

  it('lists each layer once in docs/architecture.md, with a purpose', () => {
    const rows = documented();
    expect(rows.map(({ layer }) => layer)).toEqual([...new Set(rows.map(({ layer }) => layer))]);
    expect(rows.filter(({ purpose }) => purpose === '')).toEqual([]);
  });

  it('has an entry for every folder of src/ and packages/', () => {
    const folders = ['src', 'packages'].flatMap((parent) =>
      readdirSync(join(root, parent), { withFileTypes: true }).map(({ name }) =>
        parent === 'src' ? `${parent}/${name}` : `${parent}/${name}/src`,
      ),
    );
    expect(folders.filter((folder) => layerOf(folder, layers) === undefined)).toEqual([]);
  });

  it('names only folders and files that exist', () => {
    const paths = Object.entries(layers).flatMap(([layer, imports]) => [layer, ...imports]);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
