import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { labProblem } from '../../../src/dev/lab/index.ts';
import { TestLab, type TestLabOptions } from './test-lab.ts';

const problem = labProblem({
  iperf3: 'iperf3',
  arping: 'iputils-arping',
  tcpdump: 'tcpdump',
});

/** The outermost title. The test runner prints it for all skipped tests, so it contains the reason. */
const outermost = problem === undefined ? 'the data plane' : `the data plane: ${problem}`;
const describeWherePossible = problem === undefined ? describe : describe.skip;

/** Defines a suite that needs network namespaces. The suite is skipped when the machine cannot create them. */
export function describeDataPlane(title: string, body: () => void): void {
  describeWherePossible(outermost, () => describe(title, body));
}

/** Defines a suite with its own lab. At the end, OVN and the operator must not have logged warnings. */
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

    it('causes no warnings of OVN or the operator', () => {
      expect(started().warnings()).toEqual([]);
    });
  });
}
