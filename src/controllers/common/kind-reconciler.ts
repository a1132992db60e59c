import type { KubeObject, Reconciler, ReconcileContext, Result } from '../../reconcile/index.ts';
import type { Retention } from '../../ovn/index.ts';
import { isLeaving } from '../../reconcile/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import { converge, type Conditioned, type Intent } from './converge.ts';
import { ensureFinalizer, finishDeletion, inUseProblem, namesOfUsers, removeGone } from './deletion.ts';
import type { Env, KindName } from './env.ts';

/** The decisions of a kind about its objects. {@link KindReconciler} carries them out. */
export interface KindController<T extends KubeObject> {
  /** Returns the rows that `object` needs, its problems, and its status. */
  intent(key: string, object: T, context: ReconcileContext<T>): Intent<object>;
  /**
   * Returns the objects that prevent the deletion of `object`, each as `Kind name`. Only for kinds with a finalizer.
   * The default returns the objects whose kinds keep this kind ({@link Env.usersOf}).
   */
  users?(key: string, object: T): readonly string[];
  /**
   * Deletes the objects that the controller created for `object`.
   *
   * @returns the objects that still exist, each as `Kind name`
   */
  removeCreated?(object: T): Promise<readonly string[]>;
  /** Called for an object that no longer exists, after its rows and allocations were removed. */
  gone?(object: T): void;
}

/** The parts of a kind's module that {@link KindReconciler} uses. */
interface Reconciled<T extends KubeObject> {
  readonly kind: Kind<T>;
  readonly controller: (env: Env) => KindController<T>;
  readonly hasFinalizer: boolean;
  readonly retention?: Retention;
  readonly release?: (env: Env, uid: string) => void;
}

/**
 * The reconciler of all kinds. It removes the rows and allocations of objects that no longer exist, sets the
 * finalizer, and finishes the deletion of unused objects. Otherwise it writes the intent of the controller to OVN and
 * to the status.
 */
export class KindReconciler<T extends Conditioned> implements Reconciler<T> {
  readonly #env: Env;
  readonly #module: Reconciled<T>;
  readonly #controller: KindController<T>;

  constructor(env: Env, module: Reconciled<T>) {
    this.#env = env;
    this.#module = module;
    this.#controller = module.controller(env);
  }

  async reconcile(key: string, object: T | undefined, context: ReconcileContext<T>): Promise<Result> {
    const result = await this.#reconcile(key, object, context);
    this.#env.pools.waiting.settled(this.#module.kind.type.kind, key);
    return result;
  }

  async #reconcile(key: string, object: T | undefined, context: ReconcileContext<T>): Promise<Result> {
    const env = this.#env;
    const { kind, hasFinalizer } = this.#module;
    await removeGone(env, this.#module, context.gone, (uid) => this.#release(uid));
    for (const gone of context.gone) this.#controller.gone?.(gone);
    if (object === undefined) return { kind: 'done' };
    const users = hasFinalizer && isLeaving(object) ? await this.#users(key, object) : [];
    if (hasFinalizer && isLeaving(object) && users.length === 0)
      return finishDeletion(env, this.#module, object, () => this.#release(object.metadata.uid));
    if (hasFinalizer && !(await ensureFinalizer(env, kind.type, object))) return { kind: 'wait' };
    const intent = this.#controller.intent(key, object, context);
    const result = await converge(env, kind.type, object, {
      ...intent,
      inUse: inUseProblem(kind.type.kind, users),
    });
    await intent.settled?.();
    return result;
  }

  #release(uid: string): void {
    this.#module.release?.(this.#env, uid);
  }

  /**
   * Returns the objects that prevent a deletion. Objects of users come first. If there are none, the controller
   * deletes the objects that it created, and the result contains those that still exist.
   */
  async #users(key: string, object: T): Promise<readonly string[]> {
    const users =
      this.#controller.users?.(key, object) ??
      namesOfUsers(this.#env.usersOf(this.#module.kind.type.kind as KindName, [key]));
    if (users.length > 0) return users;
    return (await this.#controller.removeCreated?.(object)) ?? [];
  }
}
