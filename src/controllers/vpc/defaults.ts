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
import { managedByLabel, type Env } from '../common/env.ts';

const DEFAULT_NAME = 'default';

/** The default Subnet and SecurityGroup of a VPC, so that a Port does not need to name them. */
export class Defaults {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /**
   * Creates the default objects that are missing. An object of a user with the same name also serves as the default.
   */
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

  /**
   * Deletes the objects that this VPC created.
   *
   * @returns the objects that still exist, each as `Kind name`
   */
  async remove(vpc: VPC): Promise<string[]> {
    const created = this.#kinds().flatMap(({ type, store }) => {
      const object = store.get(this.#key(vpc));
      return object !== undefined && this.isCreatedFor(vpc, object) ? [{ type, object }] : [];
    });
    await Promise.all(
      created.map(async ({ type, object }) => {
        if (object.metadata.deletionTimestamp !== undefined) return;
        try {
          await this.#env.client.delete(type, object.metadata, { uid: object.metadata.uid });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }),
    );
    return created.map(({ object }) => `${object.kind} ${object.metadata.name}`);
  }

  /** Whether the operator created the object for this VPC. */
  isCreatedFor(vpc: VPC, { metadata }: KubeObject): boolean {
    return metadata.ownerReferences?.some(({ uid }) => uid === vpc.metadata.uid) ?? false;
  }

  #key({ metadata: { namespace = '' } }: VPC): string {
    return refKey({ namespace, name: DEFAULT_NAME });
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
          ingress: [{ protocol: 'All', remote: { securityGroupRef: { name: DEFAULT_NAME } } }],
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
      name: DEFAULT_NAME,
      namespace,
      labels: managedByLabel,
      ownerReferences: [{ apiVersion: API_VERSION, kind: 'VPC', name, uid }],
    },
    spec: spec(vpc),
  };
}

/** Whether the API server rejected the object because the namespace, and with it the VPC, is being deleted. */
function isLeavingNamespace(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.code === 403 &&
    error.causes.some(({ reason }) => reason === 'NamespaceTerminating')
  );
}
