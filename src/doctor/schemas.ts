/** Checks whether the API server has the schemas of this version's CustomResourceDefinitions. */
import { resources } from '../api/index.ts';
import { jsonEqual } from '../base/index.ts';
import { ApiError, type OpenApiDocument, type RestClient } from '../reconcile/index.ts';
import { listNames, ok, warning, type Finding } from './finding.ts';

/** The compared part of a CustomResourceDefinition. */
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

const check = 'Custom resource schemas';

/**
 * Compares the published OpenAPI schemas with the schemas of this version. The CustomResourceDefinitions cannot be
 * compared directly, because the operator has no permission to read them.
 */
export async function checkSchemas(
  client: Pick<RestClient, 'openApi'>,
  shipped: readonly Definition[],
): Promise<Finding> {
  const { VPC: one } = resources;
  let document: OpenApiDocument;
  try {
    document = await client.openApi(one);
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 404)) throw error;
    return warning(
      check,
      'Skipped: the API server does not publish schemas for the custom resources (`/openapi/v3`).',
      `If the API server rejects objects or drops fields: ${applyCrds}`,
    );
  }
  const published = Object.values(document.components?.schemas ?? {}) as Schema[];
  const others = shipped.flatMap(({ spec: { names, versions } }) => {
    const ours = versions.find(({ name }) => name === one.version)?.schema?.openAPIV3Schema as Schema;
    const theirs = published.find((schema) => schema[kindsKey]?.some(({ kind }) => kind === names.kind));
    return theirs !== undefined && jsonEqual(own(theirs), own(ours)) ? [] : [names.kind];
  });
  if (others.length === 0) return ok(check, 'The API server has the schemas of this version.');
  return warning(
    check,
    `The API server has schemas of another version for ${listNames(others, 20)}.`,
    applyCrds,
  );
}

const kindsKey = 'x-kubernetes-group-version-kind';

interface Schema {
  readonly properties?: { readonly spec?: unknown; readonly status?: unknown };
  readonly required?: unknown;
  readonly 'x-kubernetes-validations'?: unknown;
  readonly [kindsKey]?: readonly { readonly kind: string }[];
}

/** Removes the parts that the API server adds to the schema of every kind. */
const own = ({ properties, required, 'x-kubernetes-validations': rules }: Schema): unknown => ({
  spec: properties?.spec,
  status: properties?.status,
  required,
  rules,
});
