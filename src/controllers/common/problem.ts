import { reasons, type Parsed, type ProblemReason } from '../../api/index.ts';

/** A problem of an object, for a condition. */
export interface Problem {
  readonly reason: ProblemReason;
  /** A sentence that says what is wrong and what to do. `condition` adds the error code of the reason. */
  readonly message: string;
}

/** A value, or the problem that prevents it. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export const good = <T>(value: T): Checked<T> => ({ ok: true, value });

export const bad = (
  reason: ProblemReason,
  message: string,
): { readonly ok: false; readonly problem: Problem } => ({
  ok: false,
  problem: { reason, message },
});

/** Converts the result of a parser. `field` (for example `spec.cidr`) tells the user where the text is. */
export const fromParsed = <T>(parsed: Parsed<T>, field: string): Checked<T> =>
  parsed.ok ? good(parsed.value) : bad('InvalidCIDR', `${field}: ${parsed.message}`);

/** Returns all values, or the first problem. */
export function collect<T>(all: readonly Checked<T>[]): Checked<readonly T[]> {
  const values: T[] = [];
  for (const one of all) {
    if (!one.ok) return one;
    values.push(one.value);
  }
  return good(values);
}

/** Returns the problem under the condition to which its reason belongs: `Accepted` or `ResolvedRefs`. */
export function conditionOf(problem: Problem): {
  readonly accepted?: Problem;
  readonly resolvedRefs?: Problem;
} {
  return reasons[problem.reason].about === 'object' ? { accepted: problem } : { resolvedRefs: problem };
}
