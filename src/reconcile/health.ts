/** A named condition of being healthy or ready: undefined when it holds, else why it does not, for a person. */
export type Check = () => string | undefined;

/** What the checks said. */
export interface HealthReport {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** A set of checks, asked whenever a probe comes: they must be cheap. */
export class HealthRegistry {
  readonly #checks = new Map<string, Check>();

  /** Adds a check, or replaces the one of that name; returns what removes it. */
  add(name: string, check: Check): () => void {
    this.#checks.set(name, check);
    return () => this.#checks.delete(name);
  }

  /** Asks all of them. A check that throws does not hold. */
  report(): HealthReport {
    let ok = true;
    const checks: Record<string, string> = {};
    for (const [name, check] of this.#checks) {
      const problem = ask(check);
      checks[name] = problem ?? 'ok';
      ok &&= problem === undefined;
    }
    return { ok, checks };
  }
}

function ask(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
