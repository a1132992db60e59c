import { type Crd, type Schema, versionOf } from './crds.ts';
import { type Interface, Interfaces } from './interfaces.ts';

const note =
  '// Generated from crds/ by scripts/generate.ts. Do not edit: change crds/ and run `npm run generate`.\n';

/**
 * The TypeScript types of the CRDs, not yet formatted: file name in src/api/generated → text. Each kind has a file;
 * `common.ts` has the shapes that several kinds share, and `index.ts` the tables over all kinds.
 *
 * @throws Error when two different shapes have one name, or the CRDs are not all of one group and version
 */
export function generateTypes(crds: readonly Crd[]): Map<string, string> {
  const collected = new Interfaces();
  for (const crd of crds) collected.addKind(crd.spec.names.kind, versionOf(crd).schema.openAPIV3Schema);
  const interfaces = collected.all();
  const common = interfaces.filter(({ kinds }) => kinds.size > 1);
  const files = new Map([['common.ts', commonFile(crds, common)]]);
  for (const crd of crds) {
    const { kind } = crd.spec.names;
    const own = interfaces.filter(({ kinds }) => kinds.size === 1 && kinds.has(kind));
    files.set(fileOf(crd), kindFile(own, common));
  }
  files.set('index.ts', indexFile(crds));
  return files;
}

function commonFile(crds: readonly Crd[], common: readonly Interface[]): string {
  return `${note}
/** The apiVersion of every kind. */
export const API_VERSION = '${groupVersion(crds)}';

${textOf(common)}
`;
}

function kindFile(own: readonly Interface[], common: readonly Interface[]): string {
  const imported = common
    .map(({ name }) => name)
    .filter((name) => own.some(({ uses }) => uses.has(name)))
    .sort();
  return `${note}import type { ObjectMeta } from '../../base/index.ts';
import type { ${['API_VERSION', ...imported].join(', ')} } from './common.ts';

${textOf(own)}
`;
}

function indexFile(crds: readonly Crd[]): string {
  const kinds = crds.map((crd) => crd.spec.names.kind);
  const table = (valueOf: (crd: Crd) => unknown): string =>
    JSON.stringify(Object.fromEntries(crds.map((crd) => [crd.spec.names.kind, valueOf(crd)])));
  return `${note}import type { ResourceType } from '../../base/index.ts';
${crds.map((crd) => `import type { ${crd.spec.names.kind} } from './${fileOf(crd)}';`).join('\n')}

${['common.ts', ...crds.map(fileOf)].map((file) => `export * from './${file}';`).join('\n')}

/** Maps the name of each kind to its TypeScript type. */
export interface Kinds {
${kinds.map((kind) => `  readonly ${kind}: ${kind};`).join('\n')}
}

/** The REST resource of each kind. */
export const resources = ${table(resource)} as const satisfies Record<keyof Kinds, ResourceType>;

/** The default values in the schema of each kind, for \`withDefaults\`. */
export const defaultsOf = ${table((crd) => defaults(versionOf(crd).schema.openAPIV3Schema) ?? {})} as const;
`;
}

const fileOf = (crd: Crd): string => `${crd.spec.names.singular}.ts`;
const textOf = (interfaces: readonly Interface[]): string => interfaces.map(({ text }) => text).join('\n\n');

/** The tree of default values below a schema (DefaultsTree of src/api/defaults.ts); undefined without defaults. */
function defaults(schema: Schema): unknown {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, each]) => {
    const tree = defaults(each);
    return tree === undefined ? [] : [[name, tree] as const];
  });
  if (schema.default === undefined && below.length === 0) return undefined;
  return {
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(below.length === 0 ? {} : { properties: Object.fromEntries(below) }),
  };
}

function resource({ spec }: Crd): unknown {
  const { group, names: of, scope } = spec;
  const version = spec.versions[0]?.name;
  return { group, version, kind: of.kind, plural: of.plural, namespaced: scope === 'Namespaced' };
}

function groupVersion(crds: readonly Crd[]): string {
  const all = new Set(crds.map((crd) => `${crd.spec.group}/${versionOf(crd).name}`));
  const [only, ...others] = all;
  if (only === undefined || others.length > 0)
    throw new Error('The CRDs are not all of one group and version; use the same group and version in each.');
  return only;
}
