import ipaddr from 'ipaddr.js';

/** Turns the text of one setting into its value. @throws Refusal that says how the text must be. */
export type Parser<T> = (text: string) => T;

/** A parser's complaint: how the text must be ("must be true or false"). */
export class Refusal extends Error {}

/** Any text. */
export const text = (value: string): string => value;

/** Any text, where there may be none. */
export const optional = (value: string): string | undefined => value;

/** `true` or `false`. */
export const flag = (value: string): boolean => {
  if (value !== 'true' && value !== 'false') throw new Refusal('must be true or false');
  return value === 'true';
};

/** One of these words. */
export const oneOf =
  <T extends string>(...choices: readonly T[]) =>
  (value: string): T => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) throw new Refusal(`must be one of ${choices.join(', ')}`);
    return choice;
  };

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max)
    throw new Refusal(`must be a whole number from ${min} to ${max}`);
  return number;
};

/** A number of seconds from `min` to `max`, with or without a fraction. */
export const seconds = (min: number, max: number) => (value: string) => {
  const number = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || number < min || number > max)
    throw new Refusal(`must be a number of seconds from ${min} to ${max}`);
  return number;
};

/** A number from 0 to 1. */
export const share = (value: string): number => {
  const number = Number(value);
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(value) || number > 1) throw new Refusal('must be a number from 0 to 1');
  return number;
};

/** An IPv4 CIDR without host bits, large enough to hold a subnet. */
export const cidr = (value: string): string => {
  const how = 'must be an IPv4 CIDR without host bits, such as 10.0.0.0/8';
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(value) || !ipaddr.IPv4.isValidCIDRFourPartDecimal(value))
    throw new Refusal(how);
  const [address, length] = ipaddr.IPv4.parseCIDR(value);
  if (ipaddr.IPv4.networkAddressFromCIDR(value).toString() !== address.toString() || length > 30)
    throw new Refusal(how);
  return value;
};

/** IPv4 addresses, comma separated; none for an empty text. */
export const addresses = (value: string): readonly string[] => {
  const list = value.split(',').map((address) => address.trim());
  if (!list.every((address) => ipaddr.IPv4.isValidFourPartDecimal(address)))
    throw new Refusal('must be IPv4 addresses, comma separated, such as 10.0.0.53,10.0.1.53');
  return list;
};

/** One or more OVSDB remotes (ovsdb(7), "Connection Methods"), comma separated. */
export const remotes = (value: string): string => {
  for (const remote of value.split(',')) {
    const port = /^(?:tcp|ssl):(?:\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(remote)?.[1];
    const valid =
      port === undefined ? /^unix:\/?[^\s]+$/.test(remote) : Number(port) >= 1 && Number(port) <= 65535;
    if (!valid)
      throw new Refusal(
        'must be unix:/path, tcp:host:port or ssl:host:port, or several of them with commas between',
      );
  }
  return value;
};

/** Where to listen: `host:port`, `:port`, or `0` for nowhere. */
export const listen = (value: string): string => {
  if (value === '0') return value;
  const port = /^(?:\[[0-9a-fA-F:]+\]|[^:\s]*):(\d{1,5})$/.exec(value)?.[1];
  if (port === undefined || Number(port) > 65535)
    throw new Refusal('must be host:port, :port, or 0 to serve nothing');
  return value;
};

/** A name that is also fit for a label. */
export const clusterName = (value: string): string => {
  if (!/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(value))
    throw new Refusal(
      'must be up to 63 lower case letters, digits, dots and dashes, with a letter or digit at each end',
    );
  return value;
};
