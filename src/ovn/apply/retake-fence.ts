import { ApplyError } from '../errors.ts';
import type { Fence } from './fence.ts';

/** The epoch held no longer stands in the database. */
export interface FenceLoss {
  /** `superseded`: another operator has taken over. `lost`: the database was emptied, restored or restarted. */
  readonly reason: 'superseded' | 'lost';
  /** The epoch that was held. */
  readonly epoch: number | undefined;
}

/**
 * Called when nothing may be written because our epoch does not stand. Answer `retake` only when this process
 * certainly leads (the API server says now that it holds the Lease) and the reason is `lost`; a superseded writer
 * always stops. A rejection leaves it open: the next write asks again.
 */
export type OnFenced = (loss: FenceLoss) => 'retake' | 'stop' | Promise<'retake' | 'stop'>;

/**
 * Sees to it that our epoch stands again, where it may.
 *
 * @throws ApplyError FENCED when it must not; OVN_CONNECTION_FAILED when that could not be found out or done.
 */
export async function refence(fence: Fence, onFenced: OnFenced = () => 'stop'): Promise<void> {
  try {
    // An epoch of undefined was never taken, or is lost already: then there is nothing to tell or to retake.
    for (let { epoch } = fence; epoch !== undefined; { epoch } = fence) {
      const reason = fence.judge();
      if (reason === 'held') return;
      const answer = await onFenced({ reason, epoch });
      if (reason === 'superseded' || answer === 'stop') fence.drop();
      else if (await fence.retake()) return;
    }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const message = `the right to write to the Northbound database could not be taken again: ${said}`;
    throw new ApplyError('OVN_CONNECTION_FAILED', message, { cause: error });
  }
  throw new ApplyError('FENCED', 'this operator does not lead (any more), so it writes nothing to OVN');
}
