import {
  formatAddress,
  formatCidr,
  parseAddress,
  resources,
  type Address,
  type ExternalNetwork,
  type FloatingIP,
} from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import {
  isLeaving,
  keyOf,
  refKey,
  type ReconcileContext,
  type Reconciler,
  type Result,
} from '../../reconcile/index.ts';
import { converge, type Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import { countAnew } from '../externalnetwork/counts.ts';
import { allowedNetwork } from '../externalnetwork/kind.ts';
import { hold, inUse, letGo, removeGone } from '../common/leaving.ts';
import type { Refusal } from '../pools/external.ts';
import { bad, fromParsed, good, type Checked } from '../common/problem.ts';

/**
 * Holds an external address for a project, and the FloatingIP while NatRules use it. It has no rows: those of the
 * NatRules carry the address.
 */
export class FloatingIPReconciler implements Reconciler<FloatingIP> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  async reconcile(
    key: string,
    floatingIP: FloatingIP | undefined,
    { gone }: ReconcileContext<FloatingIP>,
  ): Promise<Result> {
    const env = this.#env;
    await removeGone(env, gone, (uid) => this.#release(uid));
    if (floatingIP === undefined) return { kind: 'done' };
    const users = this.#users(key);
    const held = isLeaving(floatingIP)
      ? inUse(
          'FloatingIP',
          users.map((name) => `NatRule ${name}`),
        )
      : undefined;
    if (isLeaving(floatingIP) && held === undefined) {
      return letGo(env, resources.FloatingIP, floatingIP, () => this.#release(floatingIP.metadata.uid));
    }
    if (!(await hold(env, resources.FloatingIP, floatingIP))) return { kind: 'wait' };
    return converge(env, resources.FloatingIP, floatingIP, { ...this.#intent(floatingIP, users), held });
  }

  /** Names of the NatRules that use the address, in order. */
  #users(key: string): readonly string[] {
    const rules = [...this.#env.stores.natRules.byIndex('floatingIP', key)];
    return rules.map(({ metadata }) => metadata.name).sort();
  }

  #release(uid: string): void {
    const { pools } = this.#env;
    const networks = pools.external.networksOf(uid);
    pools.external.release(uid);
    countAnew(this.#env, networks);
  }

  #intent(floatingIP: FloatingIP, users: readonly string[]): Intent<object> {
    const { namespace = '', uid } = floatingIP.metadata;
    const { status, spec } = floatingIP;
    const usedBy = users.length === 0 ? undefined : users;
    const network = allowedNetwork(this.#env.stores, namespace, spec.externalNetworkRef.name);
    // What it has it keeps, so that taking a namespace off a network by mistake costs nobody an address.
    if (!network.ok) {
      return { resolvedRefs: network.problem, status: () => ({ address: status?.address, usedBy }) };
    }
    const had = this.#env.pools.external.network(network.value.metadata.uid)?.heldBy(uid);
    const address = this.#address(floatingIP, network.value);
    if (had === undefined && address.ok) {
      countAnew(this.#env, [network.value.metadata.uid]);
      // They must not use an address that is not held, and the status may have said this one all the time.
      for (const name of users) this.#env.wake('NatRule', refKey({ namespace, name }));
    }
    return {
      desired: address.ok ? nothing : undefined,
      accepted: address.ok ? undefined : address.problem,
      status: () => ({ address: address.ok ? formatAddress(address.value) : undefined, usedBy }),
    };
  }

  /** The address that it names, or one that is allocated and then its own. */
  #address(floatingIP: FloatingIP, network: ExternalNetwork): Checked<Address> {
    const { pools } = this.#env;
    const { uid: networkUid, name } = network.metadata;
    const { uid } = floatingIP.metadata;
    const pool = pools.external.network(networkUid);
    const wait = () => pools.waiting.add(networkUid, 'FloatingIP', keyOf(floatingIP));
    if (pool === undefined) {
      wait();
      return bad('ExternalNetworkNotReady', `The ExternalNetwork "${name}" is not ready.`);
    }
    if (floatingIP.spec.address === undefined) {
      const address = pool.allocate(uid);
      if (address !== 'exhausted') return good(address);
      wait();
      return bad('PoolExhausted', `No address of the ExternalNetwork "${name}" is free.`);
    }
    const address = fromParsed(parseAddress(floatingIP.spec.address, { family: 4 }), 'spec.address');
    if (!address.ok) return address;
    const refused = pools.external.claim(networkUid, uid, address.value);
    if (refused === undefined) return address;
    wait();
    const where = `the ExternalNetwork "${name}" (${formatCidr(pool.cidr)})`;
    return bad('AddressNotAvailable', `${floatingIP.spec.address} ${refusalText(refused)} ${where}.`);
  }
}

/** Why an external address cannot be had; who has it is not told, as it may be another tenant. */
export function refusalText(refused: Refusal): string {
  if (typeof refused === 'object') return 'is already used in';
  switch (refused) {
    case 'outside':
      return 'is outside the addresses that are given out of';
    case 'gateway':
      return "is the gateway's address in";
    case 'reserved':
      return 'is reserved in';
    default:
      return `is the ${refused} address of`;
  }
}
