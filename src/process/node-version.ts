/**
 * The oldest supported version, as in `engines` of package.json: undici of @kubernetes/client-node crashes on older
 * versions.
 */
const minVersion = [22, 19] as const;

/**
 * Returns the error message for an unsupported version of Node, or undefined for a supported version.
 *
 * @param version for example `v20.20.2`
 */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > minVersion[0] || (major === minVersion[0] && minor >= minVersion[1])) return undefined;
  return `overlay-network requires Node ${minVersion.join('.')} or newer; this is ${version}. Install a newer version and try again.`;
}
