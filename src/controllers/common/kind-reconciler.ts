import type { KubeObject, Reconciler, ReconcileContext, Result } from '../../reconcile/index.ts';
import { isLeaving } from '../../reconcile/index.ts';
import type { Kind } from '../../reconcile/index.ts';
import { converge, type Conditioned, type Intent } from './converge.ts';
import { finishDeletion, hold, inUse, removeGone } from './deletion.ts';
import type { Env, KindName } from './env.ts';

/** What a kind decides about its objects. {@link KindReconciler} carries the decisions out. */
export interface KindController<T extends KubeObject> {
  /** The rows that `object` needs, its problems, and its status. */
  intent(key: string, object: T, context: ReconcileContext<T>): Intent<object>;
  /**
   * The objects that keep a deleted `object`, each as `Kind name`. Only for kinds with a finalizer; the default lists
   * the objects whose kinds keep this one ({@link Env.usersOf}).
   */
  users?(key: string, object: T): readonly string[];
  /** Deletes the objects that the controller created for `object`. Resolves with those that still exist. */
  removeCreated?(object: T): Promise<readonly string[]>;
  /** Called for an object that is gone, when its rows and allocations are gone too. */
  gone?(object: T): void;
}

/** The parts of a kind's module that {@link KindReconciler} uses. */
export interface Reconciled<T extends KubeObject> {
  readonly kind: Kind<T>;
  readonly controller: (env: Env) => KindController<T>;
  readonly hasFinalizer: boolean;
  readonly release?: (env: Env, uid: string) => void;
}

/**
 * The reconciler of every kind: cleans up after objects that are gone, sets the finalizer, finishes the deletion of
 * unused objects, and otherwise makes OVN and the status match the controller's intent.
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
    const env = this.#env;
    const { kind, hasFinalizer } = this.#module;
    await removeGone(env, context.gone, (uid) => this.#release(uid));
    for (const gone of context.gone) this.#controller.gone?.(gone);
    if (object === undefined) return { kind: 'done' };
    const users = hasFinalizer && isLeaving(object) ? await this.#users(key, object) : [];
    if (hasFinalizer && isLeaving(object) && users.length === 0)
      return finishDeletion(env, kind.type, object, () => this.#release(object.metadata.uid));
    if (hasFinalizer && !(await hold(env, kind.type, object))) return { kind: 'wait' };
    const intent = this.#controller.intent(key, object, context);
    const held = inUse(kind.type.kind, users);
    const result = await converge(env, kind.type, object, { ...intent, held });
    await intent.settled?.();
    return result;
  }

  #release(uid: string): void {
    this.#module.release?.(this.#env, uid);
  }

  /** The objects that keep a deleted object: first those that users made, then those that the controller created. */
  async #users(key: string, object: T): Promise<readonly string[]> {
    const users =
      this.#controller.users?.(key, object) ??
      this.#env
        .usersOf(this.#module.kind.type.kind as KindName, [key])
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    if (users.length > 0) return users;
    return (await this.#controller.removeCreated?.(object)) ?? [];
  }
}
