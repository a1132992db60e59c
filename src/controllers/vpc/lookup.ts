import type { LocalReference, VPC } from '../../api/index.ts';
import { refKey, type KubeObject, type ReadStore } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { bad, good, type Checked } from '../common/problem.ts';
import { anyVpcOf, vpcsOf } from './kind.ts';

/** Returns the VPC of a namespace that is in effect. */
export function oldestVpc(stores: Pick<Stores, 'VPC'>, namespace: string): VPC | undefined {
  const [oldest] = vpcsOf(stores, namespace);
  return oldest;
}

/** An object that belongs to a VPC. */
export type InVPC = KubeObject & { readonly spec: { readonly vpcRef?: LocalReference } };

/** Returns the key for the reference `vpc`: the VPC that an object names, otherwise the VPC of its namespace. */
export function vpcKeys({ metadata: { namespace = '' }, spec: { vpcRef } }: InVPC): readonly string[] {
  return [vpcRef === undefined ? anyVpcOf(namespace) : refKey({ namespace, name: vpcRef.name })];
}

/** Yields the objects in a VPC, for a kind with the reference `vpc`. */
export function* objectsOf<T extends InVPC>(
  stores: Pick<Stores, 'VPC'>,
  vpc: VPC,
  key: string,
  store: ReadStore<T>,
): Iterable<T> {
  const { namespace = '', uid } = vpc.metadata;
  yield* store.byIndex('vpc', key);
  if (oldestVpc(stores, namespace)?.metadata.uid === uid) yield* store.byIndex('vpc', anyVpcOf(namespace));
}

/** Returns the VPC that an object names, otherwise the VPC of its namespace. */
export function vpcOf(stores: Pick<Stores, 'VPC'>, { metadata, spec }: InVPC): VPC | undefined {
  const { namespace = '' } = metadata;
  if (spec.vpcRef === undefined) return oldestVpc(stores, namespace);
  return stores.VPC.get(refKey({ namespace, name: spec.vpcRef.name }));
}

/** Returns the VPC of an object, or a problem if it does not exist. */
export function requireVpc(stores: Pick<Stores, 'VPC'>, object: InVPC): Checked<VPC> {
  const vpc = vpcOf(stores, object);
  if (vpc !== undefined) return good(vpc);
  const { vpcRef } = object.spec;
  return bad(
    'VPCNotFound',
    vpcRef === undefined
      ? 'The namespace has no VPC; create a VPC.'
      : `There is no VPC "${vpcRef.name}" in the namespace; create the VPC, or correct spec.vpcRef.`,
  );
}

/** The problem of an object whose VPC is not ready. */
export const vpcNotReady = ({ metadata: { name } }: VPC): Checked<never> =>
  bad('VPCNotReady', `The VPC "${name}" is not ready; check the conditions of the VPC.`);
