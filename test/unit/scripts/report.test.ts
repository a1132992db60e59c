import { describe, expect, it } from '@jest/globals';
import {
  readReport,
  secondTriesProblem,
  skipLines,
  suitesToRetry,
  sum,
  summary,
  type JestReport,
} from '../../../scripts/report.ts';

type Assertions = JestReport['testResults'][number]['assertionResults'];

const test = (status: string, fullName: string, outermost = fullName): Assertions[number] => ({
  status,
  fullName,
  title: fullName,
  ancestorTitles: [outermost],
});
const suite = (name: string, status: string, ...assertionResults: Assertions) => ({
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

describe('the report of a test run', () => {
  const suites = readReport(report);

  it('counts tests, and counts a suite that did not load as one failed test', () => {
    expect(sum(suites.values())).toMatchObject({ passed: 3, failed: 3 });
  });

  it('names the failed tests', () => {
    expect(suites.get('b.test.ts')?.failures).toEqual(['four', 'five']);
  });

  it('ends with the numbers of passed and failed tests only', () => {
    expect(summary(sum(suites.values()))).toBe('3 passed, 3 failed');
  });

  it('prints one line with the number of skipped tests for each reason', () => {
    expect(skipLines(sum(suites.values()))).toEqual([
      'skipped: skipped (no root) (2 tests)',
      'skipped: later (1 tests)',
    ]);
  });
});

describe('suitesToRetry', () => {
  it('returns the failed suites', () => {
    expect(suitesToRetry(readReport(report), 3)).toEqual(['b.test.ts', 'c.test.ts']);
  });

  it('returns no suite when more suites failed than the maximum', () => {
    expect(suitesToRetry(readReport(report), 1)).toEqual([]);
  });
});

describe('secondTriesProblem', () => {
  it('accepts one suite that passed on the second try, and no more in CI', () => {
    expect(secondTriesProblem(['a'], true)).toBeUndefined();
    expect(secondTriesProblem(['a', 'b'], true)).toMatch(/2 suites passed on the second try only/);
    expect(secondTriesProblem(['a', 'b'], false)).toBeUndefined();
  });
});
