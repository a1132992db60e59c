import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allValues, leastValues, objectsIn, renderTexts } from '../../support/chart/chart.ts';
import { goIsMissing, renderWithGo } from '../../support/chart/go.ts';

(goIsMissing === undefined ? describe : describe.skip)(
  goIsMissing ?? 'the chart, rendered by Go with sprig as Helm does it',
  () => {
    const cache = mkdtempSync(join(tmpdir(), 'overlay-go-'));
    afterAll(() => rmSync(cache, { recursive: true, force: true }));

    it.each([
      ['the least values', leastValues],
      ['everything switched on', allValues],
    ])(
      'is what the renderer of the tests makes of it, with %s',
      (_, values) => {
        const ours = renderTexts(values);
        const theirs = renderWithGo(values, cache);
        expect([...theirs.keys()].sort()).toEqual([...ours.keys()].sort());
        for (const [file, text] of ours)
          if (file.endsWith('.yaml'))
            expect(objectsIn(text, file)).toEqual(objectsIn(theirs.get(file)!, file));
          else expect(text).toBe(theirs.get(file));
      },
      120_000,
    );
  },
);
