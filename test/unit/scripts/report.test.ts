import { describe, expect, it } from '@jest/globals';
import { readReport, skipLines, sum, summary, toRepeat, type JestReport } from '../../../scripts/report.ts';

type Results = JestReport['testResults'][number]['assertionResults'];

const test = (status: string, fullName: string, outermost = fullName): Results[number] => ({
  status,
  fullName,
  title: fullName,
  ancestorTitles: [outermost],
});
const suite = (name: string, status: string, ...assertionResults: Results) => ({
  name,
  status,
  assertionResults,
});

const report: JestReport = {
  testResults: [
    suite('a.test.ts', 'passed', test('passed', 'one'), test('passed', 'two')),
    suite('b.test.ts', 'failed', test('passed', 'three'), test('failed', 'four'), test('failed', 'five')),
    suite('c.test.ts', 'failed'),
    suite(
      'd.test.ts',
      'passed',
      test('pending', 'six', 'skipped (no root)'),
      test('pending', 'seven', 'skipped (no root)'),
      test('todo', 'eight', 'later'),
    ),
  ],
};

describe('the figures of a run', () => {
  const suites = readReport(report);

  it('count tests, and a suite that did not load as one that failed', () => {
    expect(sum(suites.values())).toMatchObject({ passed: 3, failed: 3 });
  });

  it('name what failed', () => {
    expect(suites.get('b.test.ts')?.failures).toEqual(['four', 'five']);
  });

  it('end in a plain line, whatever was skipped', () => {
    expect(summary(sum(suites.values()))).toBe('3 passed, 3 failed');
  });

  it('say what was skipped, and why, in a line for each reason', () => {
    expect(skipLines(sum(suites.values()))).toEqual([
      'skipped: skipped (no root) (2 tests)',
      'skipped: later (1 tests)',
    ]);
  });
});

describe('a second try', () => {
  it('is for the suites that failed', () => {
    expect(toRepeat(readReport(report), 3)).toEqual(['b.test.ts', 'c.test.ts']);
  });

  it('is for none where many failed: something is broken', () => {
    expect(toRepeat(readReport(report), 1)).toEqual([]);
  });
});
