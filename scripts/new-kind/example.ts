import type { KindNames } from './names.ts';

/** The text of the example: a namespace, a VPC and an object of the kind. */
export function exampleText({ kind, singular, kebab }: KindNames): string {
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
  cidr: 10.50.0.0/16
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
