import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Given } from './arguments.ts';
import { ScaffoldError } from './error.ts';
import type { KindNames } from './names.ts';

const GROUP = 'network.plasmavmc.io';

/** The path of a kind's CRD. */
export const crdFile = ({ plural }: Pick<KindNames, 'plural'>): string => `crds/${GROUP}_${plural}.yaml`;

/** A CRD with an immutable `spec.vpcRef`, the standard conditions, and `status.portGroupName`. */
export function crdText(root: string, { kind, singular, plural, shortName, description }: Given): string {
  return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${plural}.${GROUP}
  labels:
    app.kubernetes.io/part-of: overlay-network
spec:
  group: ${GROUP}
  scope: Namespaced
  names:
    kind: ${kind}
    listKind: ${kind}List
    plural: ${plural}
    singular: ${singular}
    shortNames:
      - ${shortName}
    categories:
      - overlay
  versions:
    - name: v1alpha1
      served: true
      storage: true
      subresources:
        status: {}
      additionalPrinterColumns:
        - name: Port-Group
          type: string
          description: Name of the port group in OVN.
          jsonPath: .status.portGroupName
        - name: Ready
          type: string
          description: Status of the \`Ready\` condition.
          jsonPath: .status.conditions[?(@.type=="Ready")].status
        - name: Reason
          type: string
          description: Reason of the \`Ready\` condition.
          jsonPath: .status.conditions[?(@.type=="Ready")].reason
        - name: Age
          type: date
          jsonPath: .metadata.creationTimestamp
        - name: VPC
          type: string
          description: VPC that the object names.
          jsonPath: .spec.vpcRef.name
          priority: 1
      schema:
        openAPIV3Schema:
          description: ${JSON.stringify(description)}
          type: object
          required:
            - spec
          properties:
            apiVersion:
              description: API version of this object.
              type: string
            kind:
              description: Kind of this object.
              type: string
            metadata:
              type: object
            spec:
              description: The desired state of the ${kind}.
              type: object
              x-kubernetes-validations:
                - rule: has(self.vpcRef) == has(oldSelf.vpcRef) && (!has(self.vpcRef) || self.vpcRef == oldSelf.vpcRef)
                  message: vpcRef cannot be set, changed or removed after creation; create another ${kind}
                  fieldPath: .vpcRef
              properties:
                vpcRef:
                  description: 'The VPC of the object. Unset: the VPC of the namespace. Immutable.'
                  type: object
                  required:
                    - name
                  x-kubernetes-map-type: atomic
                  properties:
                    name:
                      description: Name of the VPC.
                      type: string
                      maxLength: 253
                      minLength: 1
                      pattern: ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$
            status:
              description: The observed state of the ${kind}.
              type: object
              properties:
${standardStatus(root)}                portGroupName:
                  description: 'Name of the port group in OVN. Unset: OVN has no port group of the object.'
                  type: string
                  maxLength: 253
`;
}

/** The text of `observedGeneration` and `conditions`, which is the same in all CRDs. */
function standardStatus(root: string): string {
  const file = crdFile({ plural: 'vpcs' });
  const text = readFileSync(join(root, file), 'utf8');
  const found = /^ {16}observedGeneration:\n(?: {18}.*\n)+ {16}conditions:\n(?: {18}.*\n)+/m.exec(text);
  if (found === null)
    throw new ScaffoldError(`${file} has no status with observedGeneration and conditions.`);
  return found[0];
}
