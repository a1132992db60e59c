import { reasons, type Parsed, type ProblemReason } from '../../api/index.ts';

/** A problem of an object, for a condition. */
export interface Problem {
  readonly reason: ProblemReason;
  /** Sentences that say what is wrong and, in the last clause, what to do. `condition` adds the error code of the reason. */
  readonly message: string;
  /** The problem ends without a decision of a user, whatever its reason: the other object is being removed. */
  readonly isTemporary?: boolean;
}

/** A value, or the problem that prevents it. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export const good = <T>(value: T): Checked<T> => ({ ok: true, value });

export const bad = (
  reason: ProblemReason,
  message: string,
  isTemporary = false,
): { readonly ok: false; readonly problem: Problem } => ({
  ok: false,
  problem: { reason, message, ...(isTemporary && { isTemporary }) },
});

/** Converts the result of a parser. `field` (for example `spec.cidr`) tells the user where the text is. */
export const fromParsed = <T>(parsed: Parsed<T>, field: string): Checked<T> =>
  parsed.ok ? good(parsed.value) : bad('InvalidCIDR', `${field}: ${parsed.message}.`);

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
