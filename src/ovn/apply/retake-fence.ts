import { ApplyError } from '../errors.ts';
import { NOT_LEADING, type Fence } from './fence.ts';

/** The database no longer contains the epoch of this operator. */
export interface FenceLoss {
  /**
   * `superseded`: another operator took over. `lost`: the database was emptied, restored or restarted. `refused`: the
   * rows that are now in the database belong to another Kubernetes cluster.
   */
  readonly reason: 'superseded' | 'lost' | 'refused';
  /** The epoch that this operator held. */
  readonly epoch: number | undefined;
  /** Why the operator may not take the fence, when it is `refused`. */
  readonly message?: string;
}

/**
 * Decides what happens after a loss of the fence. Return `retake` only if the reason is `lost` and this
 * process is certainly the leader, that is, the API server confirms that it holds the Lease. A superseded
 * writer always stops. If the promise rejects, the next write asks again.
 */
export type OnFenced = (loss: FenceLoss) => 'retake' | 'stop' | Promise<'retake' | 'stop'>;

/**
 * Writes the epoch again if this operator may still write.
 *
 * @throws ApplyError FENCED when this operator may not write
 * @throws ApplyError OVN_CONNECTION_FAILED when the decision or the write failed
 */
export async function retakeFence(fence: Fence, onFenced: OnFenced = () => 'stop'): Promise<void> {
  try {
    // `epoch` is undefined if this operator never took the fence or already dropped it.
    for (let { epoch } = fence; epoch !== undefined; { epoch } = fence) {
      const reason = fence.state();
      if (reason === 'held') return;
      const answer = await onFenced({ reason, epoch });
      if (reason === 'superseded' || answer === 'stop') fence.drop();
      else if (await fence.retake()) return;
    }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (error instanceof ApplyError && error.code === 'OTHER_CLUSTER') {
      const { epoch } = fence;
      fence.drop();
      await onFenced({ reason: 'refused', epoch, message: said });
      throw new ApplyError('FENCED', NOT_LEADING, { cause: error });
    }
    const message = `the fence in the Northbound database could not be taken again: ${said}`;
    throw new ApplyError('OVN_CONNECTION_FAILED', message, { cause: error });
  }
  throw new ApplyError('FENCED', NOT_LEADING);
}
