/** The results of a test run: numbers from Jest's report, and the lines at the end of the output. */

/** The fields of Jest's JSON report (AggregatedResult) that this module reads. */
export interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly title: string;
      readonly ancestorTitles: readonly string[];
    }[];
  }[];
}

/** The results of one or several suites. */
export interface Results {
  readonly passed: number;
  readonly failed: number;
  /** The outermost title of each skipped test. The title contains the reason (CONTRIBUTING.md). */
  readonly skipped: readonly string[];
}

interface Suite extends Results {
  /** The full names of the failed tests. */
  readonly failures: readonly string[];
}

/** The suites of a report by file name. A suite that did not load counts as one failed test. */
export function readReport({ testResults }: JestReport): Map<string, Suite> {
  return new Map(
    testResults.map(({ name, status, assertionResults }) => {
      const withStatus = (...statuses: readonly string[]) =>
        assertionResults.filter((each) => statuses.includes(each.status));
      const failures = withStatus('failed').map(({ fullName }) => fullName);
      return [
        name,
        {
          passed: withStatus('passed').length,
          failed: failures.length === 0 && status === 'failed' ? 1 : failures.length,
          skipped: withStatus('pending', 'todo', 'skipped').map(
            ({ ancestorTitles, title }) => ancestorTitles[0] ?? title,
          ),
          failures,
        },
      ];
    }),
  );
}

export function sum(results: Iterable<Results>): Results {
  const all = [...results];
  return {
    passed: all.reduce((total, { passed }) => total + passed, 0),
    failed: all.reduce((total, { failed }) => total + failed, 0),
    skipped: all.flatMap(({ skipped }) => skipped),
  };
}

/** The failed suites, to run a second time. Returns none when more than `max` failed: then the cause is not chance. */
export function suitesToRetry(suites: ReadonlyMap<string, Suite>, max: number): string[] {
  const failed = [...suites].flatMap(([file, suite]) => (suite.failed > 0 ? [file] : []));
  return failed.length > max ? [] : failed;
}

/** In CI, this many suites of a run may need a second try: more are not chance. */
const MAX_SECOND_TRIES_IN_CI = 1;

/** Returns why a run in CI fails although each suite passed in the end; undefined if the run does not fail for that. */
export const secondTriesProblem = (suites: readonly string[], isCi: boolean): string | undefined =>
  isCi && suites.length > MAX_SECOND_TRIES_IN_CI
    ? `${suites.length} suites passed on the second try only, and CI accepts ${MAX_SECOND_TRIES_IN_CI}. Find their causes.`
    : undefined;

/** The last line of a run. */
export const summary = ({ passed, failed }: Results): string => `${passed} passed, ${failed} failed`;

/** One line for each reason for skipped tests. */
export function skipLines({ skipped }: Results): string[] {
  const counts = new Map<string, number>();
  for (const title of skipped) counts.set(title, (counts.get(title) ?? 0) + 1);
  return [...counts].map(([title, count]) => `skipped: ${title} (${count} tests)`);
}
