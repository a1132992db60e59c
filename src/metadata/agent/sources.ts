import { ApiError, isNotFound } from '../../reconcile/index.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../reconcile/index.ts';
import { SourceError, type SourceKind, type SourceReader } from '../index.ts';

/** Timeout for the API server including retries, in ms. The clients in machines wait for five to ten seconds. */
export const READ_TIMEOUT_MS = 4_000;

const core = { group: '', version: 'v1', namespaced: true } as const;
const types: Readonly<Record<SourceKind, ResourceType>> = {
  Secret: { ...core, kind: 'Secret', plural: 'secrets' },
  ConfigMap: { ...core, kind: 'ConfigMap', plural: 'configmaps' },
};

interface DataObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** Reads Secrets and ConfigMaps by name from the API server, so that the agent needs no permission to list them. */
export class KubernetesSources implements SourceReader {
  readonly #client: Pick<KubeClient, 'get'>;

  constructor(client: Pick<KubeClient, 'get'>) {
    this.#client = client;
  }

  async read(kind: SourceKind, namespace: string, name: string): Promise<Readonly<Record<string, Buffer>>> {
    try {
      const ref = { namespace, name };
      const object = await this.#client.get<DataObject>(types[kind], ref, { timeoutMs: READ_TIMEOUT_MS });
      const { data = {}, binaryData = {} } = object;
      return {
        ...decoded(data, kind === 'Secret' ? 'base64' : 'utf8'),
        ...decoded(binaryData, 'base64'),
      };
    } catch (error) {
      if (isNotFound(error)) throw new SourceError('METADATA_SOURCE_NOT_FOUND', kind, namespace, name);
      if (error instanceof ApiError && error.code === 403)
        throw new SourceError('METADATA_SOURCE_FORBIDDEN', kind, namespace, name);
      throw error;
    }
  }
}

const decoded = (
  values: Readonly<Record<string, string>>,
  encoding: 'base64' | 'utf8',
): Readonly<Record<string, Buffer>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value, encoding)]));
