import { describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { importProblem, layerOf } from '../../../scripts/eslint-layers.js';
import { layers } from '../../../scripts/layers.js';

const problem = (from: string, to: string) => importProblem(from, to, layers);

describe('the lint rule layers/imports', () => {
  it('rejects production code that imports the development cluster', () => {
    expect(problem('src/cli/run.ts', 'src/dev/cluster.ts')).toBe('src/cli must not import src/dev.');
    expect(problem('src/operator/a.ts', 'packages/dev-apiserver/src/index.ts')).toBeDefined();
  });

  it('rejects an upward import between kinds and allows a downward one', () => {
    expect(problem('src/controllers/subnet/plan.ts', 'src/controllers/port/index.ts')).toBeDefined();
    expect(problem('src/controllers/port/plan.ts', 'src/controllers/subnet/index.ts')).toBeUndefined();
  });

  it('rejects an import of an inner file of another kind', () => {
    expect(problem('src/controllers/port/plan.ts', 'src/controllers/subnet/kind.ts')).toBe(
      'src/controllers/port must import src/controllers/subnet only through src/controllers/subnet/index.ts.',
    );
  });

  it('treats the folder of a kind without an entry as a layer of its own', () => {
    expect(layerOf('src/controllers/gadget/plan.ts', layers)).toBe('src/controllers/gadget');
    expect(problem('src/controllers/gadget/plan.ts', 'src/controllers/common/env.ts')).toBeUndefined();
    expect(problem('src/controllers/gadget/plan.ts', 'src/controllers/port/index.ts')).toBeDefined();
    expect(problem('src/controllers/kinds.ts', 'src/controllers/gadget/index.ts')).toBeUndefined();
    expect(problem('src/controllers/kinds.ts', 'src/controllers/gadget/plan.ts')).toBeDefined();
  });

  it('knows every folder of src/ and of src/controllers/', () => {
    for (const folder of ['src', 'src/controllers'])
      for (const entry of readdirSync(join(import.meta.dirname, '../../..', folder), {
        withFileTypes: true,
      })) {
        const path = `${folder}/${entry.name}${entry.isDirectory() ? '/folder/file.ts' : ''}`;
        expect([path, layerOf(path, layers)]).not.toEqual([path, undefined]);
      }
  });
});
