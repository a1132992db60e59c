import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allValues, minimalValues, objectsIn, renderTexts } from '../../support/chart/chart.ts';
import { goSkipReason, renderWithGo } from '../../support/chart/go.ts';

(goSkipReason === undefined ? describe : describe.skip)(
  goSkipReason ?? "the chart rendered with Go's templates and sprig, as Helm does",
  () => {
    const cache = mkdtempSync(join(tmpdir(), 'overlay-go-'));
    afterAll(() => rmSync(cache, { recursive: true, force: true }));

    it.each([
      ['minimal values', minimalValues],
      ['all features enabled', allValues],
    ])(
      'is equal to the output of the renderer in the tests, with %s',
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
