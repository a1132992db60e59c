/** What `engines` of package.json says: undici, which @kubernetes/client-node uses, crashes on older ones. */
const LEAST = [22, 19] as const;

/** What to tell somebody whose Node cannot run the program; undefined where it can. `version` is like `v20.20.2`. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return undefined;
  return `overlay-network needs Node ${LEAST.join('.')} or newer, and this is ${version}: install a newer one and try again.`;
}
