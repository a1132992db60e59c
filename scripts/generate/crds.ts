import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The part of a structural schema (apiextensions.k8s.io/v1 JSONSchemaProps) that the generators read. */
export interface Schema {
  description?: string;
  type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema;
  enum?: string[];
  default?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-validations'?: { rule: string; message: string; fieldPath?: string }[];
}

/** A CustomResourceDefinition with one version. */
export interface Crd {
  metadata: { name: string };
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: { kind: string; plural: string; singular: string; shortNames: string[]; categories: string[] };
    versions: {
      name: string;
      selectableFields?: { jsonPath: string }[];
      additionalPrinterColumns: { name: string; jsonPath: string; description?: string; priority?: number }[];
      schema: { openAPIV3Schema: Schema };
    }[];
  };
}

/** The order of the kinds in generated files. Kinds that are not in this list come last, sorted by file name. */
const order = [
  'VPC',
  'Subnet',
  'Port',
  'SecurityGroup',
  'TrafficPolicy',
  'NatRule',
  'FloatingIP',
  'VPCPeering',
  'ProviderNetwork',
  'ProjectPolicy',
  'ExternalNetwork',
];

/**
 * The CRDs of a folder.
 *
 * @throws Error when a file is not a CRD with exactly one version
 */
export function readCrds(folder: string): Crd[] {
  const rank = (crd: Crd): number =>
    (order.indexOf(crd.spec.names.kind) + order.length + 1) % (order.length + 1);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const crd = parse(readFileSync(join(folder, file), 'utf8')) as Crd & { kind?: string };
      if (crd.kind !== 'CustomResourceDefinition' || crd.spec.versions.length !== 1) {
        throw new Error(`${file} must be a CustomResourceDefinition with exactly one version.`);
      }
      return crd;
    })
    .sort((a, b) => rank(a) - rank(b));
}

/**
 * The only version of a CRD.
 *
 * @throws Error when the CRD has no version
 */
export function versionOf(crd: Crd): Crd['spec']['versions'][number] {
  const [version] = crd.spec.versions;
  if (version === undefined)
    throw new Error(`The CustomResourceDefinition ${crd.metadata.name} has no version.`);
  return version;
}
