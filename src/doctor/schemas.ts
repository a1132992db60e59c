/** Whether the API server takes and keeps what this version's CustomResourceDefinitions say. */
import { resources } from '../api/index.ts';
import { jsonEqual } from '../base/index.ts';
import { isNotFound, type OpenAPIDocument, type RestClient } from '../reconcile/index.ts';
import { ok, some, warning, type Finding } from './finding.ts';

/** The part of a CustomResourceDefinition that is compared. */
export interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema?: { readonly openAPIV3Schema?: unknown };
    }[];
  };
}

export const applyCrds =
  'Apply the CustomResourceDefinitions of this version: `kubectl apply --server-side -f crds/`.';

const check = 'Their schemas';

/** Compares what the server publishes: definitions themselves may be read by few, and not by the operator. */
export async function checkSchemas(
  client: Pick<RestClient, 'openAPI'>,
  shipped: readonly Definition[],
): Promise<Finding> {
  const { VPC: one } = resources;
  let document: OpenAPIDocument;
  try {
    document = await client.openAPI(one);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return warning(
      check,
      'Not compared: the API server publishes none for them (`/openapi/v3`).',
      `If objects are refused, or fields of them get lost: ${applyCrds}`,
    );
  }
  const published = Object.values(document.components?.schemas ?? {}) as Schema[];
  const others = shipped.flatMap(({ spec: { names, versions } }) => {
    const ours = versions.find(({ name }) => name === one.version)?.schema?.openAPIV3Schema as Schema;
    const theirs = published.find((schema) => schema[kindsKey]?.some(({ kind }) => kind === names.kind));
    return theirs !== undefined && jsonEqual(own(theirs), own(ours)) ? [] : [names.kind];
  });
  if (others.length === 0) return ok(check, 'They are those of this version.');
  return warning(check, `Of another version: ${some(others, 20)}.`, applyCrds);
}

const kindsKey = 'x-kubernetes-group-version-kind';

interface Schema {
  readonly properties?: { readonly spec?: unknown; readonly status?: unknown };
  readonly required?: unknown;
  readonly 'x-kubernetes-validations'?: unknown;
  readonly [kindsKey]?: readonly { readonly kind: string }[];
}

/** Without what the server puts into the schema of every kind. */
const own = ({ properties, required, 'x-kubernetes-validations': rules }: Schema): unknown => ({
  spec: properties?.spec,
  status: properties?.status,
  required,
  rules,
});
