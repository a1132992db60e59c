import type { MetadataSource } from '../api/index.ts';

export type SourceKind = MetadataSource['kind'];

/** Reads the Secrets and ConfigMaps that Ports reference. */
export interface SourceReader {
  /**
   * Returns the keys of an object with their raw bytes: the decoded `data` of a Secret, or the `data` and
   * `binaryData` of a ConfigMap.
   *
   * @throws SourceError when the object does not exist or the API server forbids the read
   * @throws the error of the client for other failures; a retry can succeed
   */
  read(kind: SourceKind, namespace: string, name: string): Promise<Readonly<Record<string, Buffer>>>;
}

const problems = {
  METADATA_SOURCE_NOT_FOUND: (object: string) =>
    `${object} does not exist; create it, or change spec.metadata.sourceRef of the Port`,
  METADATA_SOURCE_FORBIDDEN: (object: string, kind: SourceKind, name: string) =>
    `the metadata agent may not read ${object}; bind a Role in this namespace to the ServiceAccount of the agent: verb ` +
    `get on ${resourceOf[kind]} with resourceNames ["${name}"]`,
} as const;

const resourceOf = { Secret: 'secrets', ConfigMap: 'configmaps' } as const;

/**
 * The agent cannot read the Secret or ConfigMap of a Port. A retry fails until the cause is fixed. The message states
 * the remedy.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: keyof typeof problems;

  constructor(code: keyof typeof problems, kind: SourceKind, namespace: string, name: string) {
    super(problems[code](`${kind} ${namespace}/${name}`, kind, name));
    this.code = code;
  }
}
