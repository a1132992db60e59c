import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScaffoldError } from './error.ts';
import type { KindNames } from './names.ts';

/** The text of the example: a namespace, a VPC and an object of the kind. */
export function exampleText(root: string, { kind, singular, kebab }: KindNames): string {
  return `# A ${kind} in a VPC.
#
#   kubectl apply -f examples/${kebab}.yaml
#   kubectl -n ${kebab} get ${singular}
apiVersion: v1
kind: Namespace
metadata:
  name: ${kebab}
  annotations:
    argocd.argoproj.io/sync-wave: '-2'
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: VPC
metadata:
  name: main
  namespace: ${kebab}
  annotations:
    argocd.argoproj.io/sync-wave: '-1'
spec:
  cidr: ${freeRange(root)}
  defaults: None
---
apiVersion: network.plasmavmc.io/v1alpha1
kind: ${kind}
metadata:
  name: example
  namespace: ${kebab}
spec:
  vpcRef:
    name: main
`;
}

/** The first range that no other example uses: the ranges of one organization's VPCs must not overlap. */
function freeRange(root: string): string {
  const texts = globSync('examples/**/*.yaml', { cwd: root }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  for (let octet = 100; octet < 256; octet++)
    if (!texts.some((text) => text.includes(` 10.${octet}.`))) return `10.${octet}.0.0/16`;
  throw new ScaffoldError(
    'examples/ uses every range from 10.100.0.0/16 on; give one of them another range.',
  );
}
