import { mostSimilar } from '../base/index.ts';

const PREFIX = 'OVERLAY_NETWORK_';

/**
 * The variables that Kubernetes sets in the pods of a namespace with a Service `overlay-network` or
 * `overlay-network-…`.
 */
const SERVICE_VARIABLE =
  /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Returns a warning for each variable with the prefix of the settings that names no setting. */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): readonly string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !SERVICE_VARIABLE.test(name))
    .sort()
    .map((name) => {
      const similar = mostSimilar(
        name.slice(PREFIX.length),
        known.map((each) => each.slice(PREFIX.length)),
      );
      const hint = similar === undefined ? 'remove it' : `did you mean ${PREFIX}${similar}?`;
      return `the variable ${name} is not a setting and has no effect; ${hint}`;
    });
}
