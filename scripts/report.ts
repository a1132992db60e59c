/** What is said of a run of the test suite: figures out of jest's report, and the lines at its end. */

/** What jest's JSON report says, as far as it is read (jest's AggregatedResult). */
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

/** Figures of one suite, or of several. `skipped` has the outermost title of each test, which says why (CONTRIBUTING.md). */
export interface Figures {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

export interface Suite extends Figures {
  /** The full names of the tests that failed. */
  readonly failures: readonly string[];
}

/** The suites of a report by their files. One that did not even load counts as one failed test. */
export function readReport({ testResults }: JestReport): Map<string, Suite> {
  return new Map(
    testResults.map(({ name, status, assertionResults }) => {
      const having = (...statuses: readonly string[]) =>
        assertionResults.filter((each) => statuses.includes(each.status));
      const failures = having('failed').map(({ fullName }) => fullName);
      return [
        name,
        {
          passed: having('passed').length,
          failed: failures.length === 0 && status === 'failed' ? 1 : failures.length,
          skipped: having('pending', 'todo', 'skipped').map(
            ({ ancestorTitles, title }) => ancestorTitles[0] ?? title,
          ),
          failures,
        },
      ];
    }),
  );
}

export function sum(figures: Iterable<Figures>): Figures {
  const all = [...figures];
  return {
    passed: all.reduce((total, { passed }) => total + passed, 0),
    failed: all.reduce((total, { failed }) => total + failed, 0),
    skipped: all.flatMap(({ skipped }) => skipped),
  };
}

/** The suites to run once more: those that failed, unless they are so many that something is broken. */
export function toRepeat(suites: ReadonlyMap<string, Suite>, most: number): string[] {
  const failed = [...suites].flatMap(([file, suite]) => (suite.failed > 0 ? [file] : []));
  return failed.length > most ? [] : failed;
}

/** The plain line that a run ends with. */
export const summary = ({ passed, failed }: Figures): string => `${passed} passed, ${failed} failed`;

/** One line for each thing skipped. */
export function skipLines({ skipped }: Figures): string[] {
  const counts = new Map<string, number>();
  for (const title of skipped) counts.set(title, (counts.get(title) ?? 0) + 1);
  return [...counts].map(([title, count]) => `skipped: ${title} (${count} tests)`);
}
