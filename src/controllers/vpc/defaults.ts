import { API_VERSION, resources, type ResourceType, type VPC } from '../../api/index.ts';
import {
  ApiError,
  isAlreadyExists,
  isNotFound,
  refKey,
  type KubeObject,
  type NewObject,
  type ReadStore,
} from '../../reconcile/index.ts';
import { MANAGED_BY, type Env } from '../common/env.ts';

const NAME = 'default';

/** The Subnet and the SecurityGroup that a VPC brings with it, so that a Port needs to name neither. */
export class Defaults {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Creates those that are missing. One of that name that somebody made is as good. */
  async create(vpc: VPC): Promise<void> {
    if (vpc.spec.defaults !== 'Create') return;
    await Promise.all(
      this.#kinds().map(async ({ type, store, spec }) => {
        if (store.get(this.#key(vpc)) !== undefined) return;
        try {
          await this.#env.client.create(type, newDefault(type, vpc, spec));
        } catch (error) {
          if (!isAlreadyExists(error) && !isLeavingNamespace(error)) throw error;
        }
      }),
    );
  }

  /** Deletes those that this VPC brought; returns which are still there. */
  async remove(vpc: VPC): Promise<string[]> {
    const mine = this.#kinds().flatMap(({ type, store }) => {
      const object = store.get(this.#key(vpc));
      return object !== undefined && this.isOf(vpc, object) ? [{ type, object }] : [];
    });
    await Promise.all(
      mine.map(async ({ type, object }) => {
        if (object.metadata.deletionTimestamp !== undefined) return;
        try {
          await this.#env.client.delete(type, object.metadata, { uid: object.metadata.uid });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }),
    );
    return mine.map(({ object }) => `${object.kind} ${object.metadata.name}`);
  }

  /** Whether the VPC brought the object. */
  isOf(vpc: VPC, { metadata }: KubeObject): boolean {
    return metadata.ownerReferences?.some(({ uid }) => uid === vpc.metadata.uid) ?? false;
  }

  #key({ metadata: { namespace = '' } }: VPC): string {
    return refKey({ namespace, name: NAME });
  }

  #kinds(): readonly { type: ResourceType; store: ReadStore<KubeObject>; spec: (vpc: VPC) => object }[] {
    const { stores } = this.#env;
    return [
      {
        type: resources.Subnet,
        store: stores.Subnet,
        spec: ({ metadata }) => ({ vpcRef: { name: metadata.name } }),
      },
      {
        type: resources.SecurityGroup,
        store: stores.SecurityGroup,
        spec: () => ({
          description: 'Allows all outgoing traffic, and incoming traffic from Ports of this group.',
          ingress: [{ protocol: 'All', remote: { securityGroupRef: { name: NAME } } }],
          egress: [{ protocol: 'All' }],
        }),
      },
    ];
  }
}

function newDefault(type: ResourceType, vpc: VPC, spec: (vpc: VPC) => object): NewObject {
  const { name, namespace = '', uid } = vpc.metadata;
  return {
    apiVersion: API_VERSION,
    kind: type.kind,
    metadata: {
      name: NAME,
      namespace,
      labels: MANAGED_BY,
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'VPC', name, uid }],
    },
    spec: spec(vpc),
  };
}

/** The namespace takes no new objects because it is being deleted, and the VPC with it. */
function isLeavingNamespace(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.code === 403 &&
    error.causes.some(({ reason }) => reason === 'NamespaceTerminating')
  );
}
