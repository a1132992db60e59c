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
   * Creates each default object once, and records that in the status of the VPC: a default object that a user deletes
   * stays deleted. An object of a user with the same name also serves as the default.
   */
  async create(vpc: VPC): Promise<void> {
    if (vpc.spec.defaults !== 'Create') return;
    const before = this.recorded(vpc) ?? [];
    const settled: string[] = [];
    try {
      for (const { type, store, spec } of this.#kinds()) {
        if (before.includes(type.kind)) continue;
        const exists = store.get(this.#key(vpc)) !== undefined || (await this.#create(type, vpc, spec));
        if (exists) settled.push(type.kind);
      }
    } finally {
      if (settled.length > 0) await this.#record(vpc, [...before, ...settled]);
    }
  }

  /** Returns the kinds whose default object the operator does not create again. */
  recorded({ metadata: { uid }, spec }: VPC): readonly string[] | undefined {
    return spec.defaults === 'Create' ? this.#env.stores.VPC.byUid(uid)?.status?.defaults : undefined;
  }

  async #record({ metadata: { uid } }: VPC, defaults: readonly string[]): Promise<void> {
    // The reconcile has written the status since it read the VPC.
    const vpc = this.#env.stores.VPC.byUid(uid);
    if (vpc !== undefined) await this.#env.status.write(resources.VPC, vpc, { ...vpc.status, defaults });
  }

  /**
   * Creates a default object.
   *
   * @returns whether the object exists now
   */
  async #create(type: ResourceType, vpc: VPC, spec: (vpc: VPC) => object): Promise<boolean> {
    try {
      await this.#env.client.create(type, newDefault(type, vpc, spec));
      return true;
    } catch (error) {
      if (isLeavingNamespace(error)) return false;
      if (isAlreadyExists(error)) return true;
      throw error;
    }
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
