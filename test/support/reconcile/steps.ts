import type { Steps } from '../../../src/base/index.ts';

/** Runs all steps without a pause. Calls `between` after each step, so that a test can make changes there. */
export function takeAll<T>(steps: Steps<T>, between: (taken: number) => void = () => undefined): T {
  for (let taken = 1; ; taken++) {
    const step = steps.next();
    if (step.done === true) return step.value;
    between(taken);
  }
}
