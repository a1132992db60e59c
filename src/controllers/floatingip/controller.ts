import { formatAddress, formatCidr, parseAddress } from '../../api/index.ts';
import type { Address, ExternalNetwork, FloatingIP } from '../../api/index.ts';
import { nothing } from '../../ovn/index.ts';
import { keyOf } from '../../reconcile/index.ts';
import type { Intent } from '../common/converge.ts';
import type { Env } from '../common/env.ts';
import type { KindController } from '../common/kind-reconciler.ts';
import { bad, fromParsed, good, type Checked } from '../common/problem.ts';
import { quotaLimits } from '../common/quota.ts';
import { tenantOf } from '../common/tenant.ts';
import {
  allowedNetwork,
  anyAddressOf,
  recountAddresses,
  networkNotReady,
  noCapacity,
} from '../externalnetwork/index.ts';
import { isCapacity, refusalText } from '../pools/external.ts';
import { rangesOf, valueOf } from '../pools/pools.ts';

/** The number of NatRules that the status names. */
const MAX_USERS = 64;

/**
 * Decides on a FloatingIP: an external address that a project keeps. A FloatingIP has no rows; the rows of NatRules
 * contain the address.
 */
export class FloatingIPController implements KindController<FloatingIP> {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  intent(key: string, floatingIP: FloatingIP): Intent<object> {
    const users = this.#users(key);
    const { namespace = '', uid } = floatingIP.metadata;
    const { status, spec } = floatingIP;
    const usedBy = users.length === 0 ? undefined : users;
    const network = allowedNetwork(this.#env.stores, namespace, spec.externalNetworkRef.name);
    // The FloatingIP keeps its address, so that a namespace that loses its permission by mistake loses no address.
    if (!network.ok) {
      return { resolvedRefs: network.problem, status: () => ({ address: status?.address, usedBy }) };
    }
    const had = this.#env.pools.external.network(network.value.metadata.uid)?.heldBy(uid);
    const address = this.#address(floatingIP, network.value);
    if (had === undefined && address.ok) {
      recountAddresses(this.#env, [network.value.metadata.uid]);
      // The rules wait for the hold: they do not use an address that the FloatingIP does not hold. The status may not
      // change, so the rules need an explicit wake-up.
      for (const rule of this.#env.stores.NatRule.keysByIndex('floatingIP', key))
        this.#env.wake('NatRule', rule);
    }
    return {
      desired: address.ok ? nothing : undefined,
      accepted: address.ok ? undefined : address.problem,
      status: () => ({ address: address.ok ? formatAddress(address.value) : undefined, usedBy }),
    };
  }

  /** Returns the names of the oldest NatRules that are in effect and use the FloatingIP. */
  #users(key: string): readonly string[] {
    const names: string[] = [];
    for (const { metadata } of this.#env.stores.NatRule.oldestFirst('translates', key)) {
      if (names.length >= MAX_USERS) break;
      names.push(metadata.name);
    }
    return names.sort();
  }

  /** Returns the address that the spec names, or an allocated address that the FloatingIP then keeps. */
  #address(floatingIP: FloatingIP, network: ExternalNetwork): Checked<Address> {
    const { pools, stores } = this.#env;
    const { uid: networkUid, name } = network.metadata;
    const { namespace = '', uid } = floatingIP.metadata;
    const pool = pools.external.network(networkUid);
    const holder = { uid, tenant: tenantOf(stores, namespace) };
    const limits = quotaLimits(this.#env, namespace, 'externalAddresses');
    const wait = (place: string, line?: string) =>
      pools.waiting.add(place, 'FloatingIP', keyOf(floatingIP), line);
    if (pool === undefined) {
      wait(networkUid, anyAddressOf(namespace));
      return networkNotReady(name);
    }
    if (floatingIP.spec.address === undefined) {
      const allocated = pools.external.allocate(networkUid, holder, limits);
      if (!isCapacity(allocated)) return good(allocated);
      return { ok: false, problem: noCapacity(this.#env, floatingIP, network, allocated) };
    }
    const address = fromParsed(parseAddress(floatingIP.spec.address, { family: 4 }), 'spec.address');
    if (!address.ok) return address;
    const refused = pools.external.claim(networkUid, holder, address.value, limits);
    if (refused === undefined) return address;
    if (isCapacity(refused))
      return { ok: false, problem: noCapacity(this.#env, floatingIP, network, refused) };
    if (typeof refused === 'object') wait(valueOf(networkUid, formatAddress(address.value)), namespace);
    else wait(rangesOf(networkUid));
    const where = `the ExternalNetwork "${name}" (${formatCidr(pool.cidr)})`;
    return bad(
      'AddressNotAvailable',
      `${floatingIP.spec.address} ${refusalText(refused)} ${where}; ` +
        'create the FloatingIP with another address, or without address.',
    );
  }
}
