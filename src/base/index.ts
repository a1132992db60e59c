/**
 * The lowest layer: time, logging, backoff, cooperative scheduling and JSON equality. It imports no other
 * layer.
 */
export { backoffDelay, type Backoff, type Random } from './backoff.ts';
export { microTime, realClock, sleep, type Clock, type Timer } from './clock.ts';
export { jsonEqual } from './json-equal.ts';
export { inScope, scopedLog } from './log-scope.ts';
export { errorFields, silentLogger, withFields, type Logger } from './log.ts';
export { mostSimilar } from './similar.ts';
export { SortedSet } from './sorted-set.ts';
export { inTurns, Turn, type Steps } from './turn.ts';
export { within } from './within.ts';
export type { ObjectMeta, OwnerReference, ResourceType } from './kubernetes.ts';
