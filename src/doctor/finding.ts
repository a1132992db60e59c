/** The result of one check of an installation. */
export interface Finding {
  /** The name of the check. */
  readonly check: string;
  /** `warning`: the installation works but needs attention; `problem`: the installation does not work. */
  readonly outcome: 'ok' | 'warning' | 'problem';
  /** The result, as a sentence. */
  readonly found: string;
  /** The actions that solve the problem; absent when the outcome is `ok`. */
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

/** The remedy for missing permissions. */
export const grantRemedy =
  "Bind the operator's ClusterRole and Role (in the chart: `rbac.create`) to the operator's user.";

/** Joins names for a sentence: at most `max` names, then the number of the others. */
export function listNames(names: readonly string[], max = 5): string {
  const shown = names.slice(0, max).join(', ');
  return names.length > max ? `${shown} and ${names.length - max} more` : shown;
}

/** Formats an error in one line, with its cause when the cause adds information. */
export function reasonOf(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
  const cause = error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : message;
  return message.includes(cause) ? message : `${message}: ${cause}`;
}
