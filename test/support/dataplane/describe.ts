import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { labProblem } from '../../../src/dev/lab/index.ts';
import { TestLab, type TestLabOptions } from './test-lab.ts';

const problem = labProblem({
  iperf3: 'iperf3',
  arping: 'iputils-arping',
  tcpdump: 'tcpdump',
});

/** Its outermost title is what the run prints for all that was skipped. */
const outermost = problem === undefined ? 'the data plane' : `the data plane: ${problem}`;
const describeWherePossible = problem === undefined ? describe : describe.skip;

/** A suite that needs network namespaces, and is skipped where there can be none. */
export function describeDataPlane(title: string, body: () => void): void {
  describeWherePossible(outermost, () => describe(title, body));
}

/** A suite with a lab of its own, whose OVN must not have complained at the end. */
export function describeLab(
  title: string,
  body: (lab: () => TestLab) => void,
  options?: TestLabOptions,
): void {
  describeDataPlane(title, () => {
    let lab: TestLab | undefined;
    const started = (): TestLab => {
      if (lab === undefined) throw new Error('the lab did not start');
      return lab;
    };
    beforeAll(async () => {
      lab = await TestLab.start(options);
    }, 120_000);
    afterAll(() => lab?.stop(), 60_000);

    body(started);

    it('gives OVN nothing to complain about', () => {
      expect(started().complaints()).toEqual([]);
    });
  });
}
