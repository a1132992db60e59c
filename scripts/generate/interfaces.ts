import type { Schema } from './crds.ts';

/**
 * Names for shapes that several kinds share, and for shapes whose path makes a poor name. The first pattern that
 * matches the path wins; a path that no pattern matches becomes its own name (`VPC.spec.externalGateway` →
 * `VPCExternalGateway`).
 */
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
  [/^ProjectPolicy\.spec\.(powers|providerPowers)$/, 'PortPowers'],
  [/^ProjectPolicy\.spec\.(quota|organizationQuota)$/, 'Quota'],
  [/[sS]elector$/, 'LabelSelector'],
  [/[sS]elector\.matchExpressions\[\]$/, 'LabelSelectorRequirement'],
  [/\.(ingress|egress)\[\]\.ports$/, 'PortRange'],
  [/\.(ingress|egress)\[\]\.icmp$/, 'ICMPMessage'],
  [/^SecurityGroup\.spec\.(ingress|egress)\[\]\.remote$/, 'RuleRemote'],
];

/** Descriptions of shared shapes: each field that uses a shape has a description of its own in the CRD. */
const sharedDescriptions: Readonly<Record<string, string>> = {
  LocalReference: 'Names another object, in the same namespace unless the kind is cluster-scoped.',
  RangeSpec: 'A range of addresses; the range includes both ends.',
  RateLimit: 'A rate limit for one direction of traffic.',
  RuleRemote: 'The remote end of the traffic.',
  PolicyRemote: 'The remote end of the traffic.',
  PortPowers: 'What the Ports of tenants may do.',
  Quota: 'The amounts that a namespace or an organization can hold.',
  LabelSelector: 'Selects objects by their labels (metav1.LabelSelector).',
};

/** One TypeScript interface. */
export interface Interface {
  readonly name: string;
  readonly text: string;
  /** Names of the interfaces that the fields refer to. */
  readonly uses: ReadonlySet<string>;
  /** The kinds whose schema contains the shape. */
  readonly kinds: ReadonlySet<string>;
}

/** Collects the interfaces of all kinds, each shape once. */
export class Interfaces {
  readonly #drafts = new Map<string, Draft>();

  /** Every interface; each one precedes the interfaces that its fields refer to. */
  all(): Interface[] {
    return [...this.#drafts].map(([name, { body, comment, uses, kinds }]) => ({
      name,
      text: `${comment}export interface ${name} ${body}`,
      uses,
      kinds,
    }));
  }

  /**
   * Adds the interfaces of one kind.
   *
   * @throws Error when a shape differs from another shape of the same name, or the generator does not support a type
   */
  addKind(kind: string, root: Schema): void {
    const draft = this.#draft(kind, kind);
    const body = `{
  readonly apiVersion: typeof API_VERSION;
  readonly kind: '${kind}';
  readonly metadata: ObjectMeta;
  readonly spec: ${kind}Spec;
  readonly status?: ${kind}Status;
}`;
    complete(draft, kind, body, root.description);
    for (const part of ['spec', 'status'] as const)
      this.#typeOf(root.properties?.[part] ?? {}, `${kind}.${part}`, draft.uses);
  }

  /** Returns the TypeScript type of a schema. Adds the interfaces of the type, and their names to `uses`. */
  #typeOf(schema: Schema, path: string, uses: Set<string>): string {
    if (schema.enum !== undefined) return schema.enum.map((each) => `'${each}'`).join(' | ');
    switch (schema.type) {
      case 'string':
        return 'string';
      case 'boolean':
        return 'boolean';
      case 'integer':
        return 'number';
      case 'array':
        return `readonly ${parenthesized(this.#typeOf(schema.items ?? {}, `${path}[]`, uses))}[]`;
      case 'object':
        if (schema.additionalProperties !== undefined)
          return `Readonly<Record<string, ${this.#typeOf(schema.additionalProperties, `${path}{}`, uses)}>>`;
        return this.#interface(schema, path, uses);
      default:
        throw new Error(`${path}: the generator does not support a schema of type ${String(schema.type)}`);
    }
  }

  #interface(schema: Schema, path: string, usedBy: Set<string>): string {
    const name = names.find(([pattern]) => pattern.test(path))?.[1] ?? pascal(path);
    usedBy.add(name);
    const draft = this.#draft(name, path.replace(/\..*/, ''));
    const fields = Object.entries(schema.properties ?? {}).map(([field, below]) => {
      const always = schema.required?.includes(field) === true || below.default !== undefined;
      const fallback = below.default === undefined ? '' : ` Default: \`${JSON.stringify(below.default)}\`.`;
      const type = this.#typeOf(below, `${path}.${field}`, draft.uses);
      const about = name === 'LocalReference' ? '' : `${below.description ?? ''}${fallback}`;
      return `${docComment(about, '  ')}  readonly ${field}${always ? '' : '?'}: ${type};\n`;
    });
    complete(draft, name, `{\n${fields.join('')}}`, sharedDescriptions[name] ?? schema.description);
    return name;
  }

  /** The draft with the name. A new draft takes its place before its fields are read, so that it precedes theirs. */
  #draft(name: string, kind: string): Draft {
    const draft = this.#drafts.get(name) ?? { body: '', comment: '', uses: new Set(), kinds: new Set() };
    this.#drafts.set(name, draft);
    draft.kinds.add(kind);
    return draft;
  }
}

interface Draft {
  body: string;
  comment: string;
  readonly uses: Set<string>;
  readonly kinds: Set<string>;
}

function complete(draft: Draft, name: string, body: string, description: string | undefined): void {
  if (draft.body !== '' && withoutDocs(draft.body) !== withoutDocs(body)) {
    throw new Error(
      `Two different shapes have the name ${name}; give one of them another name in scripts/generate/interfaces.ts.`,
    );
  }
  if (draft.body === '') Object.assign(draft, { body, comment: docComment(description ?? '') });
}

const pascal = (path: string): string =>
  path
    .replace(/\.(spec|status)\./, '.')
    .replaceAll('[]', '')
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

const parenthesized = (type: string): string => (type.includes('|') ? `(${type})` : type);
const withoutDocs = (body: string): string => body.replaceAll(/ *\/\*\*.*?\*\/\n/gs, '');

/** A wrapped doc comment. Prettier does not wrap comments. */
function docComment(text: string, indent = ''): string {
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
