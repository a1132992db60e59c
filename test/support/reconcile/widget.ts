/** The kinds of the tests: Widget, and Shelf, to which widgets refer. */
import type { KubeObject, NewObject, ResourceType } from '../../../src/reconcile/index.ts';

export interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number; readonly shelf?: string };
  readonly status?: { readonly size?: number; readonly note?: string; readonly ready?: boolean };
}

export const widgetType: ResourceType = {
  group: 'test.example.org',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};

export interface Shelf extends KubeObject {
  readonly spec?: { readonly room?: number };
  readonly status?: { readonly count?: number; readonly ready?: boolean };
}

export const shelfType: ResourceType = { ...widgetType, kind: 'Shelf', plural: 'shelves' };

/** The CustomResourceDefinition of a type, with any content in spec and status. */
export function crdOf(type: ResourceType): NewObject {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${type.plural}.${type.group}` },
    spec: {
      group: type.group,
      scope: type.namespaced ? 'Namespaced' : 'Cluster',
      names: { kind: type.kind, plural: type.plural, singular: type.kind.toLowerCase() },
      versions: [
        {
          name: type.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } },
        },
      ],
    },
  };
}

/** A widget to create. */
export function newWidget(name: string, spec: Widget['spec'] = {}, namespace = 'default'): NewObject {
  return { apiVersion: 'test.example.org/v1', kind: 'Widget', metadata: { namespace, name }, spec };
}

/** A widget as a server returns it. The defaults are a UID derived from the name, and version 1. */
export function widget(
  name: string,
  {
    uid = `uid-${name}`,
    version = '1',
    namespace = 'default',
    spec = {},
    status,
    metadata = {},
  }: {
    uid?: string;
    version?: string;
    namespace?: string;
    spec?: Widget['spec'];
    status?: Widget['status'];
    metadata?: Partial<Widget['metadata']>;
  } = {},
): Widget {
  return {
    apiVersion: 'test.example.org/v1',
    kind: 'Widget',
    metadata: { name, namespace, uid, resourceVersion: version, generation: 1, ...metadata },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}
