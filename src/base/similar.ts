/**
 * Returns the candidate that `word` most likely means: the one with the fewest typing errors, and at most one error for
 * each three characters. Of equal candidates, the first one in alphabetical order. Upper and lower case are equal.
 */
export function mostSimilar(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of [...candidates].sort()) {
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const errors = typingErrors(word.toLowerCase(), candidate.toLowerCase());
    if (errors >= least) continue;
    best = candidate;
    least = errors;
  }
  return best;
}

/**
 * Returns the number of typing errors that lead from one word to the other: a missing, additional or wrong character, or
 * two exchanged neighbours (the restricted Damerau-Levenshtein distance).
 */
function typingErrors(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isEqual = a[i - 1] === b[j - 1];
      let errors = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isEqual ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        errors = Math.min(errors, (beforeLast[j - 2] ?? 0) + 1);
      row.push(errors);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
