import { ScaffoldError } from './error.ts';

/** All spellings of a kind's name. */
export interface KindNames {
  /** `LoadBalancer` */
  readonly kind: string;
  /** `loadbalancer`: the singular in the API, the name of the folder and of the example */
  readonly singular: string;
  /** `loadbalancers` */
  readonly plural: string;
  /** `olb` */
  readonly shortName: string;
  /** `loadBalancer`, a name of TypeScript; an abbreviation is one word: `DNSZone` → `dnsZone` */
  readonly camel: string;
  /** `LoadBalancer`, inside names of TypeScript: `DNSZone` → `DnsZone` */
  readonly pascal: string;
  /** `load-balancer` */
  readonly kebab: string;
}

/** The maximum length of a kind's name: the names of its resource must be labels of DNS (at most 63 characters). */
const MAX_NAME_LENGTH = 50;

/** Names that the generated TypeScript cannot declare. */
const RESERVED =
  'break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield await async arguments eval undefined'.split(
    ' ',
  );

/** Types of TypeScript and JavaScript that the generated code uses, and kinds of other API groups in the same stores. */
const TAKEN =
  'Iterable Omit Partial Pick Readonly Record Required Exclude Extract Namespace Secret ConfigMap'.split(' ');

/**
 * Derives all spellings from the kind.
 *
 * @throws ScaffoldError when a name is malformed or reserved
 */
export function namesOf(
  kind: string,
  {
    plural,
    shortName,
  }: { readonly plural?: string | undefined; readonly shortName?: string | undefined } = {},
): KindNames {
  if (!/^[A-Z][A-Za-z0-9]+$/.test(kind) || kind.length > MAX_NAME_LENGTH) {
    throw new ScaffoldError(
      `"${kind}" is not a name for a kind; use CamelCase with 2 to ${MAX_NAME_LENGTH} letters and digits, such as LoadBalancer.`,
    );
  }
  if (kind.endsWith('List'))
    throw new ScaffoldError(
      `"${kind}" ends with "List", which Kubernetes uses for lists; choose another name.`,
    );
  const words = kind.match(/[A-Z]+(?![a-z])[0-9]*|[A-Z][a-z0-9]*/g) ?? [kind];
  const pascal = words.map((word) => word.charAt(0) + word.slice(1).toLowerCase()).join('');
  const camel = pascal.charAt(0).toLowerCase() + pascal.slice(1);
  if (RESERVED.includes(camel) || TAKEN.includes(kind) || Object.hasOwn(globalThis, kind))
    throw new ScaffoldError(`"${kind}" is reserved in TypeScript or Kubernetes; choose another name.`);
  const singular = kind.toLowerCase();
  return {
    kind,
    singular,
    plural: checkedPlural(plural ?? pluralOf(singular), singular),
    shortName: checkedShortName(shortName ?? shortNameOf(words)),
    camel,
    pascal,
    kebab: words.map((word) => word.toLowerCase()).join('-'),
  };
}

function pluralOf(singular: string): string {
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(singular) ? `${singular}es` : `${singular}s`;
}

/** `o` and the capital letters; for a kind of one word, `o` and its first letters. */
function shortNameOf(words: readonly string[]): string {
  const [first = ''] = words;
  return `o${words.length === 1 ? first.slice(0, 4) : words.map((word) => word.charAt(0)).join('')}`.toLowerCase();
}

function checkedPlural(plural: string, singular: string): string {
  if (!/^[a-z][a-z0-9]{1,62}$/.test(plural) || plural === singular) {
    throw new ScaffoldError(
      `"${plural}" is not a plural for the API; use 2 to 63 lower-case letters and digits that differ from the singular "${singular}".`,
    );
  }
  return plural;
}

function checkedShortName(shortName: string): string {
  if (!/^o[a-z0-9]{1,15}$/.test(shortName)) {
    throw new ScaffoldError(
      `"${shortName}" is not a short name; use "o" and 1 to 15 lower-case letters and digits, such as olb.`,
    );
  }
  return shortName;
}
