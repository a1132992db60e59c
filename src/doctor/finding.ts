/** What one check of an installation came to. */
export interface Finding {
  /** What was looked at, in a few words. */
  readonly check: string;
  /** `warning`: it works, and somebody should look; `problem`: it does not. */
  readonly outcome: 'ok' | 'warning' | 'problem';
  /** What was found; a sentence. */
  readonly found: string;
  /** What to do about it; absent when nothing is wrong. */
  readonly remedy?: string;
}

export const ok = (check: string, found: string): Finding => ({ check, outcome: 'ok', found });

export const warning = (check: string, found: string, remedy: string): Finding => ({
  check,
  outcome: 'warning',
  found,
  remedy,
});

export const problem = (check: string, found: string, remedy: string): Finding => ({
  check,
  outcome: 'problem',
  found,
  remedy,
});

/** What to do about rights that are missing. */
export const grantRemedy =
  "Bind the operator's ClusterRole and Role (in the chart: `rbac.create`) to the user that it runs as.";

/** A few of many names, for a sentence. */
export function some(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** An error in one line, with the one behind it where that says more. */
export function reasonOf(error: unknown): string {
  const said = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
  const cause = error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : said;
  return said.includes(cause) ? said : `${said}: ${cause}`;
}
