/**
 * Compares two resource versions. According to KEP-5504, resource versions are decimal numbers of any length,
 * without leading zeros, that grow with every write. A longer version is therefore newer.
 *
 * @returns a negative number when `a` is older than `b`; 0 when the versions are equal or not decimal numbers
 */
export function compareVersions(a: string, b: string): number {
  if (a === b || !isDecimal(a) || !isDecimal(b)) return 0;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

function isDecimal(version: string): boolean {
  if (version === '') return false;
  for (let i = 0; i < version.length; i++) {
    const digit = version.charCodeAt(i);
    if (digit < 0x30 || digit > 0x39) return false;
  }
  return true;
}
