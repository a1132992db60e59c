import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layerOf } from '../../../scripts/eslint-layers.js';
import { layers } from '../../../scripts/layers.js';

const root = join(import.meta.dirname, '../../..');
const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

interface Row {
  readonly layer: string;
  readonly purpose: string;
  readonly imports: readonly string[];
}

/**
 * The rows of the table after the comment `<!-- layers -->` in docs/architecture.md. A list of imports that begins with
 * "everything that `LAYER` may import" contains the imports of that layer.
 */
function documented(): Row[] {
  const rows = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    .split('<!-- layers -->\n\n')[1]!
    .split('\n\n')[0]!
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').slice(1, -1))
    .map(([layer = '', purpose = '', cell = '']) => ({
      layer: names(layer)[0]!,
      purpose: purpose.trim(),
      cell,
    }));
  const importsOf = (cell: string): string[] => {
    const [inherited = '', other] = /everything that `([^`]+)` may import/.exec(cell) ?? [];
    const inner = rows.find(({ layer }) => layer === other)?.cell ?? '';
    return [...(other === undefined ? [] : importsOf(inner)), ...names(cell.replace(inherited, ''))];
  };
  return rows.map(({ layer, purpose, cell }) => ({ layer, purpose, imports: importsOf(cell).sort() }));
}

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

  it('has an entry for every source file', () => {
    const files = globSync(['src/**/*.ts', 'packages/*/{src,test}/**/*.ts'], { cwd: root });
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => layerOf(file, layers) === undefined)).toEqual([]);
  });

  it('names only folders and files that exist', () => {
    const paths = Object.entries(layers).flatMap(([layer, imports]) => [layer, ...imports]);
    expect(paths.filter((path) => globSync(path, { cwd: root }).length === 0)).toEqual([]);
  });
});
