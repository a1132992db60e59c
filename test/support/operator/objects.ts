/** Types and functions for Kubernetes objects in tests of the whole operator. */
import type { Condition, Kinds } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';

export type Kind = keyof Kinds;

/** An object of any kind, with an untyped spec and status. */
export interface TestObject extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> & { readonly conditions?: readonly Condition[] };
}

/** The parts of an object that the operator writes. */
export interface Outcome {
  readonly finalizers?: readonly string[];
  readonly isLeaving?: true;
  readonly status?: unknown;
}

/** `Kind/namespace/name`. */
export const idOf = ({ kind, metadata }: KubeObject): string =>
  `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;

/** `namespace/name`, or a name in `default`. */
export function refOf(key: string): { namespace: string; name: string } {
  const [namespace, name] = key.includes('/') ? (key.split('/') as [string, string]) : ['default', key];
  return { namespace, name };
}

/** Whether the object is Ready for its current generation. */
export function isReady({ metadata, status }: TestObject): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
}

/** Whether the counts in the status match the existing objects. */
export function hasCorrectCounts(
  { kind, metadata: { name, namespace }, status }: TestObject,
  all: readonly TestObject[],
): boolean {
  const here = all.filter(({ metadata }) => metadata.namespace === namespace);
  const ports = here.filter((other) => other.kind === 'Port').map(({ spec }) => spec as unknown as PortRefs);
  switch (kind) {
    case 'ExternalNetwork':
      return status?.['usedIPs'] === addressesOf(name, all).size;
    case 'FloatingIP': {
      const users = here.filter(
        (other) => other.kind === 'NatRule' && nameIn(other, 'floatingIPRef') === name,
      );
      const usedBy = (status?.['usedBy'] ?? []) as readonly string[];
      return (
        usedBy.join() ===
        users
          .map(({ metadata }) => metadata.name)
          .sort()
          .join()
      );
    }
    case 'VPC':
      return status?.['subnetCount'] === here.filter((other) => other.kind === 'Subnet').length;
    case 'Subnet':
      return status?.['usedIPs'] === ports.filter(({ subnetRef }) => subnetRef.name === name).length;
    case 'SecurityGroup': {
      const isIn = ({ securityGroupRefs = [{ name: 'default' }] }: PortRefs): boolean =>
        securityGroupRefs.some((ref) => ref.name === name);
      return status?.['portCount'] === ports.filter(isIn).length;
    }
    default:
      return true;
  }
}

/** The users of an ExternalNetwork's addresses: gateways, FloatingIPs, and NatRules with `externalIP`. */
function addressesOf(network: string, all: readonly TestObject[]): ReadonlySet<string> {
  const gateways = all.filter(
    ({ spec }) =>
      nameIn({ spec: (spec['externalGateway'] ?? {}) as TestObject['spec'] }, 'externalNetworkRef') ===
      network,
  );
  const projects = new Set(gateways.map(({ metadata }) => metadata.namespace));
  const floatingIPs = all.filter((each) => nameIn(each, 'externalNetworkRef') === network);
  const rules = all.filter(
    ({ metadata, spec }) => spec['externalIP'] !== undefined && projects.has(metadata.namespace),
  );
  return new Set([
    ...[...gateways, ...floatingIPs].map(idOf),
    ...rules.map(({ metadata, spec }) => `${metadata.namespace ?? ''}/${String(spec['externalIP'])}`),
  ]);
}

/** The name in a reference of the spec. */
const nameIn = ({ spec }: Pick<TestObject, 'spec'>, field: string): string | undefined =>
  (spec[field] as { readonly name: string } | undefined)?.name;

interface PortRefs {
  readonly subnetRef: { readonly name: string };
  readonly securityGroupRefs?: readonly { readonly name: string }[];
}

/** An object's conditions in one line. */
export function describeConditions({ status }: TestObject): string {
  const conditions = status?.conditions ?? [];
  return (
    conditions.map(({ type, reason, message }) => `${type}: ${reason} (${message})`).join('; ') ||
    'no conditions'
  );
}

/** The parts of the object that the operator writes, without times. */
export function outcomeOf({ metadata: { finalizers, deletionTimestamp }, status }: TestObject): Outcome {
  const { conditions, ...rest } = status ?? {};
  return {
    ...(finalizers !== undefined && { finalizers }),
    ...(deletionTimestamp !== undefined && { isLeaving: true }),
    ...(status !== undefined && {
      status: {
        ...rest,
        ...(conditions && {
          conditions: conditions.map(({ lastTransitionTime: _, ...condition }) => condition),
        }),
      },
    }),
  };
}
