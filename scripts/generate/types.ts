import { type Crd, type Schema, versionOf } from './crds.ts';

/** Shapes that several kinds share, or whose path makes no good name. Tried in order; the first that matches. */
const names: readonly (readonly [RegExp, string])[] = [
  [/\.conditions\[\]$/, 'Condition'],
  [/^Port\.spec\.metadata$/, 'PortMetadata'],
  [/^Port\.spec\.metadata\.sourceRef$/, 'MetadataSource'],
  [/Refs?(\[\])?$/, 'LocalReference'],
  [/\.spec\.(allocationPools|reservedRanges)\[\]$/, 'RangeSpec'],
  [/^Subnet\.spec\.dhcp$/, 'SubnetDHCP'],
  [/^Port\.spec\.dhcp$/, 'PortDHCP'],
  [/^Port\.spec\.qos$/, 'PortQoS'],
  [/^Port\.spec\.qos\.(ingress|egress)$/, 'RateLimit'],
  [/^Port\.spec\.allowedAddresses\[\]$/, 'AllowedAddress'],
  [/^VPC\.spec\.staticRoutes\[\]$/, 'StaticRoute'],
  [/^SecurityGroup\.spec\.(ingress|egress)\[\]$/, 'SecurityGroupRule'],
  [/^TrafficPolicy\.spec\.(ingress|egress)\[\]$/, 'TrafficPolicyRule'],
  [/^TrafficPolicy\.spec\.(ingress|egress)\[\]\.remote$/, 'PolicyRemote'],
  [/[sS]elector$/, 'LabelSelector'],
  [/[sS]elector\.matchExpressions\[\]$/, 'LabelSelectorRequirement'],
  [/\.(ingress|egress)\[\]\.ports$/, 'PortRange'],
  [/\.(ingress|egress)\[\]\.icmp$/, 'ICMPMessage'],
  [/^SecurityGroup\.spec\.(ingress|egress)\[\]\.remote$/, 'RuleRemote'],
];

const shared: Readonly<Record<string, string>> = {
  LocalReference: 'Names another object: of the same namespace, unless its kind has none.',
  RangeSpec: 'A range of addresses, both ends included.',
  RateLimit: 'A limit of traffic in one direction.',
  RuleRemote: 'The other end of the traffic.',
  PolicyRemote: 'The other end of the traffic.',
  LabelSelector: 'Selects objects by their labels (metav1.LabelSelector).',
};

/** The text of src/api/generated.ts for the CRDs, not yet formatted. */
export function generateTypes(crds: readonly Crd[]): string {
  const interfaces = new Interfaces();
  for (const crd of crds) interfaces.kind(crd.spec.names.kind, versionOf(crd).schema.openAPIV3Schema);
  const kinds = crds.map((crd) => crd.spec.names.kind);
  return `// Made from crds/ by scripts/generate.ts. Change those, and run it again.
import type { ObjectMeta, ResourceType } from './object.ts';

/** The apiVersion of every kind here. */
export const API_VERSION = '${groupVersion(crds)}';

${interfaces.text()}

/** Kind → its TypeScript type. */
export interface Kinds {
${kinds.map((kind) => `  readonly ${kind}: ${kind};`).join('\n')}
}

/** Where each kind is served. */
export const resources = ${JSON.stringify(Object.fromEntries(crds.map((crd) => [crd.spec.names.kind, resource(crd)])))} as const satisfies Record<keyof Kinds, ResourceType>;

/** The default values in each kind's schema, for \`withDefaults\`. */
export const defaultsOf = ${JSON.stringify(Object.fromEntries(crds.map((crd) => [crd.spec.names.kind, defaults(versionOf(crd).schema.openAPIV3Schema) ?? {}])))} as const;
`;
}

class Interfaces {
  readonly #texts = new Map<string, { body: string; doc: string }>();

  text(): string {
    return [...this.#texts]
      .map(([name, { body, doc }]) => `${doc}export interface ${name} ${body}`)
      .join('\n\n');
  }

  kind(kind: string, root: Schema): void {
    const spec = root.properties?.['spec'] ?? {};
    const status = root.properties?.['status'] ?? {};
    this.#add(
      kind,
      `{
  readonly apiVersion: typeof API_VERSION;
  readonly kind: '${kind}';
  readonly metadata: ObjectMeta;
  readonly spec: ${kind}Spec;
  readonly status?: ${kind}Status;
}`,
      root.description,
    );
    this.#typeOf(spec, `${kind}.spec`);
    this.#typeOf(status, `${kind}.status`);
  }

  /** The TypeScript type of a schema; interfaces that it needs are added. */
  #typeOf(schema: Schema, path: string): string {
    if (schema.enum !== undefined) return schema.enum.map((each) => `'${each}'`).join(' | ');
    switch (schema.type) {
      case 'string':
        return 'string';
      case 'boolean':
        return 'boolean';
      case 'integer':
        return 'number';
      case 'array':
        return `readonly ${parenthesised(this.#typeOf(schema.items ?? {}, `${path}[]`))}[]`;
      case 'object':
        if (schema.additionalProperties !== undefined)
          return `Readonly<Record<string, ${this.#typeOf(schema.additionalProperties, `${path}{}`)}>>`;
        return this.#interface(schema, path);
      default:
        throw new Error(`${path}: a schema of type ${String(schema.type)} is not known to the generator`);
    }
  }

  #interface(schema: Schema, path: string): string {
    const name = names.find(([pattern]) => pattern.test(path))?.[1] ?? pascal(path);
    this.#reserve(name);
    const fields = Object.entries(schema.properties ?? {}).map(([field, below]) => {
      const always = schema.required?.includes(field) === true || below.default !== undefined;
      const fallback = below.default === undefined ? '' : ` Default: \`${JSON.stringify(below.default)}\`.`;
      const type = this.#typeOf(below, `${path}.${field}`);
      const about = name === 'LocalReference' ? '' : `${below.description ?? ''}${fallback}`;
      return `${doc(about, '  ')}  readonly ${field}${always ? '' : '?'}: ${type};\n`;
    });
    this.#add(name, `{\n${fields.join('')}}`, shared[name] ?? schema.description);
    return name;
  }

  /** Keeps the place of an interface above those that it uses. */
  #reserve(name: string): void {
    if (!this.#texts.has(name)) this.#texts.set(name, { body: '', doc: '' });
  }

  #add(name: string, body: string, description: string | undefined): void {
    const known = this.#texts.get(name)?.body ?? '';
    if (known !== '' && withoutDocs(known) !== withoutDocs(body)) {
      throw new Error(
        `two different shapes would both be called ${name}: give one another name in scripts/generate/types.ts`,
      );
    }
    if (known === '') this.#texts.set(name, { body, doc: doc(description ?? '') });
  }
}

/** The tree of default values below a schema (DefaultsTree of src/api/defaults.ts); undefined when there are none. */
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
    throw new Error('the CRDs are not all of one group and version');
  return only;
}

const pascal = (path: string): string =>
  path
    .replace(/\.(spec|status)\./, '.')
    .replaceAll('[]', '')
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

const parenthesised = (type: string): string => (type.includes('|') ? `(${type})` : type);
const withoutDocs = (body: string): string => body.replaceAll(/ *\/\*\*.*?\*\/\n/gs, '');

/** A doc comment, wrapped: prettier leaves comments as they are. */
function doc(text: string, indent = ''): string {
  if (text === '') return '';
  const words = text.replaceAll('*/', '*\\/').split(' ');
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || indent.length + last.length + word.length > 105) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  if (lines.length === 1) return `${indent}/** ${text.replaceAll('*/', '*\\/')} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}
