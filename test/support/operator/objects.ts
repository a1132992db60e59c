/** Kubernetes objects as tests of the whole operator look at them. */
import type { Condition, Kinds } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/reconcile/index.ts';

export type Kind = keyof Kinds;

/** An object as tests look at it. */
export interface Seen extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> & { readonly conditions?: readonly Condition[] };
}

/** What of an object an operator decides, and what it says about it. */
export interface Fate {
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

/** Whether the Ready condition is True, about the newest spec. */
export function isReady({ metadata, status }: Seen): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
}

/** Whether the status counts those that are there. */
export function countsRight(
  { kind, metadata: { name, namespace }, status }: Seen,
  all: readonly Seen[],
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

/** Who has an address of an ExternalNetwork: gateways, FloatingIPs, and NatRules that name one themselves. */
function addressesOf(network: string, all: readonly Seen[]): ReadonlySet<string> {
  const gateways = all.filter(
    ({ spec }) =>
      nameIn({ spec: (spec['externalGateway'] ?? {}) as Seen['spec'] }, 'externalNetworkRef') === network,
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

/** The name that a reference in the spec has. */
const nameIn = ({ spec }: Pick<Seen, 'spec'>, field: string): string | undefined =>
  (spec[field] as { readonly name: string } | undefined)?.name;

interface PortRefs {
  readonly subnetRef: { readonly name: string };
  readonly securityGroupRefs?: readonly { readonly name: string }[];
}

/** What an object's conditions say, in one line. */
export function saysOf({ status }: Seen): string {
  const conditions = status?.conditions ?? [];
  return (
    conditions.map(({ type, reason, message }) => `${type}: ${reason} (${message})`).join('; ') ||
    'nothing yet'
  );
}

/** What the operators decided about the object, without times. */
export function fateOf({ metadata: { finalizers, deletionTimestamp }, status }: Seen): Fate {
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
