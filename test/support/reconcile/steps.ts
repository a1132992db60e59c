import type { Steps } from '../../../src/base/index.ts';

/** Takes all steps at once; `between` is called after each, for what may happen there. */
export function takeAll<T>(steps: Steps<T>, between: (taken: number) => void = () => undefined): T {
  for (let taken = 1; ; taken++) {
    const step = steps.next();
    if (step.done === true) return step.value;
    between(taken);
  }
}
