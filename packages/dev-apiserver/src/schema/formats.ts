/**
 * String formats of CRD schemas. Like a real server, does not check unknown formats.
 * Source: apiextensions-apiserver/pkg/apiserver/validation/formats.go.
 */
import { isIPv6 } from 'node:net';

const matches = (pattern: RegExp) => (value: string) => pattern.test(value);

const uuid = (version: string, variant: string): ((value: string) => boolean) =>
  matches(
    new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'),
  );

const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;
const K8S_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

const checks: Readonly<Record<string, (value: string) => boolean>> = {
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  cidr: isCidr,
  date: (value) => /^\d{4}-\d\d-\d\d$/.test(value) && isDay(value),
  datetime: isDateTime,
  duration: isDuration,
  email: matches(/^(?:[^<>@]*<\s*[^\s@<>,]+@[^\s@<>,]+\s*>|[^\s@<>,]+@[^\s@<>,]+)$/),
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  hostname: (value) =>
    HOSTNAME.test(value) && value.length <= 255 && value.split('.').every((label) => label.length <= 63),
  ipv4: isIpv4,
  ipv6: (value) => isIPv6(value) && !value.includes('%'),
  k8slongname: (value) => value.length <= 253 && new RegExp(`^${K8S_LABEL}(\\.${K8S_LABEL})*$`).test(value),
  k8sshortname: (value) => value.length <= 63 && new RegExp(`^${K8S_LABEL}$`).test(value),
  mac: matches(
    /^([0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\2){4}[0-9a-f]{2}$|^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$|^([0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\4){6}[0-9a-f]{2}$/i,
  ),
  password: () => true,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  uri: (value) => value.startsWith('/') || (/^[a-z][a-z0-9+.-]*:/i.test(value) && URL.canParse(value)),
  uuid: uuid('[0-9a-f]', '[0-9a-f]'),
  uuid3: uuid('3', '[0-9a-f]'),
  uuid4: uuid('4', '[89ab]'),
  uuid5: uuid('5', '[89ab]'),
};

/**
 * The formats that a real server checks and this server does not. This server rejects a schema with such a
 * format, because it could not check the values.
 */
const uncheckedFormats: ReadonlySet<string> = new Set(['isbn', 'isbn10', 'isbn13', 'creditcard', 'rgbcolor']);

const integerRanges: Readonly<Record<string, readonly [min: number, max: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
};

/** Returns the check of a string format, or undefined when values of the format are not checked. */
export function stringFormat(format: string): ((value: string) => boolean) | undefined {
  return checks[format.replaceAll('-', '')];
}

/** Returns true for a format that a real server checks and this server does not. */
export function isUncheckedFormat(format: string): boolean {
  return uncheckedFormats.has(format.replaceAll('-', ''));
}

/** Returns the range of an integer format, or undefined when the format has no range. */
export function integerRange(format: string): readonly [min: number, max: number] | undefined {
  return integerRanges[format];
}

function isDateTime(value: string): boolean {
  const [day = '', time = ''] = value.toLowerCase().split('t');
  const parts = /^(\d\d):(\d\d):(\d\d)(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/.exec(time);
  const [, hour = '', minute = '', second = ''] = parts ?? [];
  return parts !== null && isDay(day) && hour <= '23' && minute <= '59' && second <= '59';
}

/** Leading zeros are allowed, as in a real server. The function isIP of CEL does not allow them. */
function isIpv4(value: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(value) && value.split('.').every((part) => Number(part) < 256);
}

function isCidr(value: string): boolean {
  const parts = /^([^/]*)\/(\d+)$/.exec(value);
  const [, address = '', length = ''] = parts ?? [];
  return (
    (isIpv4(address) && Number(length) <= 32) ||
    (isIPv6(address) && !address.includes('%') && Number(length) <= 128)
  );
}

/** Accepts Go's format (`1h5m`), and numbers with units anywhere in the text (`3 days`). */
function isDuration(value: string): boolean {
  if (/^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(value)) return true;
  const unit = /^(?:ns|us|ms|[smhdw]|hr|wk|(?:nano|micro|µs|milli|sec|min|hour|day|week).*)$/i;
  return Array.from(value.matchAll(/\d+\s*([A-Za-zµ]+)/g)).some((found) => unit.test(found[1] ?? ''));
}

function isDay(value: string): boolean {
  const time = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(time.valueOf()) && time.toISOString().startsWith(value);
}
