/**
 * Compares two resourceVersions: negative when `a` is the older, 0 when they are the same or cannot be compared.
 * Kubernetes promises decimal numbers without leading zeros that grow with every write (KEP-5504), of any
 * length, so the longer is the newer. Other servers' opaque versions compare as 0.
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
