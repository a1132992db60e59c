/** Test kinds: Widget uses most features of CRDs, Gadget almost none. */
import type { Manifest } from './api-object.ts';

const group = 'conformance.example.com';
const string = { type: 'string', maxLength: 64 };

/** The apiVersion of the test kinds. */
export const apiVersion = `${group}/v1`;

const spec = {
  type: 'object',
  properties: {
    colour: { ...string, enum: ['Red', 'Green', 'Blue'] },
    size: { type: 'integer', minimum: 1, maximum: 100, default: 5 },
    weight: { type: 'number' },
    label: { ...string, minLength: 2, maxLength: 10, pattern: '^[a-z]+$' },
    cidr: string,
    address: string,
    enabled: { type: 'boolean' },
    note: { ...string, nullable: true },
    port: { 'x-kubernetes-int-or-string': true },
    mode: { type: 'object', default: {}, properties: { kind: { ...string, default: 'Plain' } } },
    parts: {
      type: 'array',
      maxItems: 4,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: string, count: { type: 'integer', default: 1 } },
      },
    },
    tags: { type: 'array', maxItems: 8, 'x-kubernetes-list-type': 'set', items: string },
    steps: { type: 'array', maxItems: 8, items: string },
    limits: { type: 'object', maxProperties: 3, additionalProperties: { type: 'integer', maximum: 9 } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
  'x-kubernetes-validations': [
    { rule: '!has(self.cidr) || isCIDR(self.cidr)', message: 'cidr must be a CIDR', fieldPath: '.cidr' },
    {
      rule: '!has(self.cidr) || !has(self.address) || !isCIDR(self.cidr) || cidr(self.cidr).containsIP(self.address)',
      messageExpression: '"address " + self.address + " is outside"',
      reason: 'FieldValueForbidden',
    },
    {
      rule: 'has(self.colour) == has(oldSelf.colour) && (!has(self.colour) || self.colour == oldSelf.colour)',
      message: 'colour is immutable',
      fieldPath: '.colour',
    },
  ],
};

const status = {
  type: 'object',
  properties: {
    phase: { type: 'string' },
    count: { type: 'integer' },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: { type: 'object', required: ['type'], properties: { type: string, status: string } },
    },
  },
};

/** A namespaced kind with a status subresource, printer columns, selectable fields, defaults and rules. */
export const widgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: {
      plural: 'widgets',
      singular: 'widget',
      kind: 'Widget',
      shortNames: ['wd'],
      categories: ['toys'],
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.spec.colour' }, { jsonPath: '.spec.size' }],
        additionalPrinterColumns: [
          { name: 'Colour', type: 'string', jsonPath: '.spec.colour' },
          { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'How big it is' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Notes', type: 'string', jsonPath: '.spec.note', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'Widget is a thing with a colour.',
            required: ['spec'],
            properties: { spec, status },
          },
        },
      },
    ],
  },
};

/** A cluster-scoped kind without subresources and columns. */
export const gadgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `gadgets.${group}` },
  spec: {
    group,
    scope: 'Cluster',
    names: { plural: 'gadgets', kind: 'Gadget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', properties: { a: { type: 'string' } } },
              status: { type: 'object', properties: { b: { type: 'string' } } },
            },
          },
        },
      },
    ],
  },
};

/** Returns the path of the Widgets in a namespace or in all namespaces, or of one Widget. */
export const widgets = (namespace?: string, name?: string): string =>
  `/apis/${apiVersion}/${namespace === undefined ? '' : `namespaces/${namespace}/`}widgets${name === undefined ? '' : `/${name}`}`;

/** Returns the path of all Gadgets or of one Gadget. */
export const gadgets = (name?: string): string =>
  `/apis/${apiVersion}/gadgets${name === undefined ? '' : `/${name}`}`;

/** Returns a Widget. `metadata` is merged with the name. */
export const widget = (name: string, spec: Manifest = {}, metadata: Manifest = {}): Manifest => ({
  apiVersion,
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec,
});

/** Returns a Gadget. */
export const gadget = (name: string, spec: Manifest = {}): Manifest => ({
  apiVersion,
  kind: 'Gadget',
  metadata: { name },
  spec,
});
