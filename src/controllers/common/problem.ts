import { reasons, type Parsed, type ProblemReason } from '../../api/index.ts';

/** What stands in an object's way, as a condition will say it. */
export interface Problem {
  readonly reason: ProblemReason;
  /** A sentence for a person that says what to do; the reason's error code is put before it later. */
  readonly message: string;
}

/** A value, or what stands in its way. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export const good = <T>(value: T): Checked<T> => ({ ok: true, value });

export const bad = (reason: ProblemReason, message: string): Checked<never> => ({
  ok: false,
  problem: { reason, message },
});

/** A parser's answer; `field` (`spec.cidr`) tells the user where the text stands. */
export const fromParsed = <T>(parsed: Parsed<T>, field: string): Checked<T> =>
  parsed.ok ? good(parsed.value) : bad('InvalidCIDR', `${field}: ${parsed.message}`);

/** The values of all, or the first problem. */
export function collect<T>(all: readonly Checked<T>[]): Checked<readonly T[]> {
  const values: T[] = [];
  for (const one of all) {
    if (!one.ok) return one;
    values.push(one.value);
  }
  return good(values);
}

/** The problem under the condition that its reason belongs to: `Accepted`, or `ResolvedRefs`. */
export function conditionOf(problem: Problem): {
  readonly accepted?: Problem;
  readonly resolvedRefs?: Problem;
} {
  return reasons[problem.reason].about === 'object' ? { accepted: problem } : { resolvedRefs: problem };
}
