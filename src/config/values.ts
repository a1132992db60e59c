import ipaddr from 'ipaddr.js';

/** Parses the text of a setting. Throws InvalidValueError when the text is invalid. */
export interface Parser<T> {
  (text: string): T;
  /** Whether the text is a list with commas. In a file, a YAML list means the same. */
  readonly isList?: true;
}

/** Returns the parser of a list, from the parser of its members without spaces around them. */
const list = <T>(parse: (members: readonly string[]) => T): Parser<T> =>
  Object.assign((value: string) => parse(value.split(',').map((each) => each.trim())), {
    isList: true as const,
  });

/** The text of a setting is invalid. The message states the requirement, for example "must be true or false". */
export class InvalidValueError extends Error {}

/** Accepts any text. */
export const text = (value: string): string => value;

/** Accepts any text, for a setting that may be unset. */
export const optional = (value: string): string | undefined => value;

/** Accepts `true` or `false`. */
export const flag = (value: string): boolean => {
  if (value !== 'true' && value !== 'false') throw new InvalidValueError('must be true or false');
  return value === 'true';
};

/** Accepts one of the given words. */
export const oneOf =
  <T extends string>(...choices: readonly T[]) =>
  (value: string): T => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new InvalidValueError(`must be one of ${choices.join(', ')}`);
    return choice;
  };

/** Accepts a whole number from `min` to `max`. */
export const integer = (min: number, max: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max)
    throw new InvalidValueError(`must be a whole number from ${min} to ${max}`);
  return number;
};

/** Accepts a number of seconds from `min` to `max`, with or without a fraction. */
export const seconds = (min: number, max: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || number < min || number > max)
    throw new InvalidValueError(`must be a number of seconds from ${min} to ${max}`);
  return number;
};

/** Accepts a number from 0 to 1. */
export const share = (value: string): number => {
  const number = Number(value);
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(value) || number > 1)
    throw new InvalidValueError('must be a number from 0 to 1');
  return number;
};

/** Accepts an IPv4 CIDR without host bits, of at most 30 bits so that it can contain a Subnet. */
export const cidr = (value: string): string => {
  const requirement = 'must be an IPv4 CIDR without host bits, such as 10.0.0.0/8';
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(value) || !ipaddr.IPv4.isValidCIDRFourPartDecimal(value))
    throw new InvalidValueError(requirement);
  const [address, length] = ipaddr.IPv4.parseCIDR(value);
  if (ipaddr.IPv4.networkAddressFromCIDR(value).toString() !== address.toString() || length > 30)
    throw new InvalidValueError(requirement);
  return value;
};

/** Accepts IPv4 CIDRs without host bits, separated by commas. */
export const cidrs = list((members): readonly string[] => members.map(cidr));

/** Accepts IPv4 addresses, separated by commas. */
export const addresses = list((members): readonly string[] => {
  if (!members.every((address) => ipaddr.IPv4.isValidFourPartDecimal(address)))
    throw new InvalidValueError('must be IPv4 addresses separated by commas, such as 10.0.0.53,10.0.1.53');
  return members;
});

/** Accepts one or more OVSDB remotes (ovsdb(7), "Connection Methods"), separated by commas. */
export const remotes = list((members): string => {
  for (const remote of members) {
    const port = /^(?:tcp|ssl):(?:\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(remote)?.[1];
    const valid =
      port === undefined ? /^unix:\/?[^\s]+$/.test(remote) : Number(port) >= 1 && Number(port) <= 65535;
    if (!valid)
      throw new InvalidValueError(
        'must be one or more of unix:/path, tcp:host:port and ssl:host:port, separated by commas',
      );
  }
  return members.join(',');
});

/** Accepts a listen address: `host:port`, `:port`, or `0` to disable the endpoints. */
export const listen = (value: string): string => {
  if (value === '0') return value;
  const port = /^(?:\[[0-9a-fA-F:]+\]|[^:\s]*):(\d{1,5})$/.exec(value)?.[1];
  if (port === undefined || Number(port) > 65535)
    throw new InvalidValueError('must be host:port, :port, or 0 to disable the endpoints');
  return value;
};

/** Accepts the UID of a Kubernetes cluster, or `unrecorded`. */
export const adoption = (value: string): string | undefined => {
  if (value !== 'unrecorded' && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value))
    throw new InvalidValueError(
      'must be the UID of the namespace kube-system of the cluster whose rows to adopt, or unrecorded',
    );
  return value;
};

/** Accepts a name that is valid as the value of a label. */
export const clusterName = (value: string): string => {
  if (!/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(value))
    throw new InvalidValueError(
      "must have at most 63 lower case letters, digits, '.' and '-', and start and end with a letter or digit",
    );
  return value;
};
