import type { LocalReference, VPC } from '../../api/index.ts';
import { refKey, type KubeObject, type ReadStore } from '../../reconcile/index.ts';
import type { Stores } from '../common/env.ts';
import { oldestOf } from '../common/oldest.ts';
import { bad, good, type Checked } from '../common/problem.ts';
import { anyVpcOf } from './kind.ts';

/** The VPC of a namespace that is in effect. */
export function oldestVpc(stores: Pick<Stores, 'VPC'>, namespace: string): VPC | undefined {
  return oldestOf(stores.VPC.byIndex('siblings', anyVpcOf(namespace)));
}

/** An object that is in a VPC. */
export type InVpc = KubeObject & { readonly spec: { readonly vpcRef?: LocalReference } };

/** The key of the VPC that an object is in, for its reference `vpc`: of the one it names, else of its namespace's. */
export function vpcKeys({ metadata: { namespace = '' }, spec: { vpcRef } }: InVpc): readonly string[] {
  return [vpcRef === undefined ? anyVpcOf(namespace) : refKey({ namespace, name: vpcRef.name })];
}

/** The objects of a kind with the reference `vpc` that are in a VPC. */
export function* objectsOf<T extends InVpc>(
  stores: Pick<Stores, 'VPC'>,
  vpc: VPC,
  key: string,
  store: ReadStore<T>,
): Iterable<T> {
  const { namespace = '', uid } = vpc.metadata;
  yield* store.byIndex('vpc', key);
  if (oldestVpc(stores, namespace)?.metadata.uid === uid) yield* store.byIndex('vpc', anyVpcOf(namespace));
}

/** The VPC that an object is in: the one it names, else its namespace's. */
export function vpcOf(stores: Pick<Stores, 'VPC'>, { metadata, spec }: InVpc): VPC | undefined {
  const { namespace = '' } = metadata;
  if (spec.vpcRef === undefined) return oldestVpc(stores, namespace);
  return stores.VPC.get(refKey({ namespace, name: spec.vpcRef.name }));
}

/** The VPC that an object is in, or why there is none. */
export function requireVpc(stores: Pick<Stores, 'VPC'>, object: InVpc): Checked<VPC> {
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
