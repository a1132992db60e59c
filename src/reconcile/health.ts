/**
 * A health or readiness check.
 *
 * @returns undefined when the check passes; otherwise the reason, for users
 */
type Check = () => string | undefined;

/** The results of all checks. */
interface HealthReport {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** A set of named checks. Every probe runs all checks, so the checks must be cheap. */
export class HealthRegistry {
  readonly #checks = new Map<string, Check>();

  /**
   * Adds a check, or replaces the check with the same name.
   *
   * @returns a function that removes the check
   */
  add(name: string, check: Check): () => void {
    this.#checks.set(name, check);
    return () => this.#checks.delete(name);
  }

  /** Runs all checks. A check that throws fails. */
  report(): HealthReport {
    let ok = true;
    const checks: Record<string, string> = {};
    for (const [name, check] of this.#checks) {
      const problem = run(check);
      checks[name] = problem ?? 'ok';
      ok &&= problem === undefined;
    }
    return { ok, checks };
  }
}

function run(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
