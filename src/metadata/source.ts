import type { MetadataSource } from '../api/index.ts';

export type SourceKind = MetadataSource['kind'];

/** Reads the Secrets and ConfigMaps that Ports name. */
export interface SourceReader {
  /**
   * The keys of one object with their raw bytes: a Secret's decoded `data`, a ConfigMap's `data` and `binaryData`.
   * Rejects with a SourceError when the API server says that there is none or that it may not be read; with
   * whatever the client threw when there was no answer, which is worth asking again.
   */
  read(kind: SourceKind, namespace: string, name: string): Promise<Readonly<Record<string, Buffer>>>;
}

const problems = {
  METADATA_SOURCE_NOT_FOUND: (object: string) =>
    `there is no ${object}; create it, or change the Port's sourceRef`,
  METADATA_SOURCE_FORBIDDEN: (object: string, kind: SourceKind, name: string) =>
    `the metadata agent may not read ${object}; give its ServiceAccount a Role in that namespace with get on ` +
    `${resourceOf[kind]}, resourceNames ["${name}"]`,
} as const;

const resourceOf = { Secret: 'secrets', ConfigMap: 'configmaps' } as const;

/** The Secret or ConfigMap of a Port cannot be had until somebody mends it. The message says what to do. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: keyof typeof problems;

  constructor(code: keyof typeof problems, kind: SourceKind, namespace: string, name: string) {
    super(problems[code](`${kind} ${namespace}/${name}`, kind, name));
    this.code = code;
  }
}
