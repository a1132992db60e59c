import type { JsonObject } from '../model/objects.ts';
import { condition, integer, kind, text } from './schemas.ts';

const names: JsonObject = {
  type: 'object',
  description: 'The names of the resource.',
  required: ['plural', 'kind'],
  properties: {
    plural: text('The plural name of the resource.'),
    singular: text('The singular name of the resource.'),
    shortNames: {
      type: 'array',
      items: { type: 'string' },
      description: 'Short names for the resource.',
      'x-kubernetes-list-type': 'atomic',
    },
    kind: text('The kind of the resource, in CamelCase.'),
    listKind: text('The kind of lists of the resource.'),
    categories: {
      type: 'array',
      items: { type: 'string' },
      description: 'The categories of the resource, for example "all".',
      'x-kubernetes-list-type': 'atomic',
    },
  },
};

const anything = (description: string): JsonObject => ({
  type: 'object',
  description,
  'x-kubernetes-preserve-unknown-fields': true,
});

/**
 * The schema of CustomResourceDefinition itself. The schemas inside a definition are checked when they are
 * compiled.
 */
export const customResourceDefinitionSchema: JsonObject = kind(
  'CustomResourceDefinition represents a resource that should be exposed on the API server.',
  {
    spec: {
      type: 'object',
      description: 'The desired resource.',
      required: ['group', 'names', 'scope', 'versions'],
      properties: {
        group: text('The API group of the resource.'),
        names,
        scope: text('Cluster or Namespaced.'),
        preserveUnknownFields: { type: 'boolean', description: 'Must be false.' },
        conversion: {
          type: 'object',
          description: 'The conversion between versions. This server supports only the strategy None.',
          required: ['strategy'],
          properties: {
            strategy: text('None: versions differ in apiVersion only.'),
            webhook: anything('The webhook to call.'),
          },
        },
        versions: {
          type: 'array',
          description: 'All versions of the resource.',
          'x-kubernetes-list-type': 'atomic',
          items: {
            type: 'object',
            required: ['name', 'served', 'storage'],
            properties: {
              name: text('The version name, e.g. "v1".'),
              served: { type: 'boolean', description: 'True when the server serves the version.' },
              storage: { type: 'boolean', description: 'True when objects are stored in this version.' },
              deprecated: {
                type: 'boolean',
                description: 'True when the server answers requests for this version with a warning.',
              },
              deprecationWarning: text('The text of the warning.'),
              schema: {
                type: 'object',
                description: 'The schema of the version.',
                properties: { openAPIV3Schema: anything('A structural OpenAPI v3 schema.') },
              },
              subresources: {
                type: 'object',
                description: 'The subresources of the version.',
                properties: {
                  status: anything('Serves /status.'),
                  scale: anything('Serves /scale; not known here.'),
                },
              },
              additionalPrinterColumns: {
                type: 'array',
                description: 'The columns of tables.',
                'x-kubernetes-list-type': 'atomic',
                items: {
                  type: 'object',
                  required: ['name', 'type', 'jsonPath'],
                  properties: {
                    name: text('The heading of the column.'),
                    type: text('The OpenAPI type of the values.'),
                    format: text('The OpenAPI format of the values.'),
                    description: text('A human-readable description.'),
                    priority: integer(
                      '0 shows the column in the standard view, a higher value only in the wide view.',
                    ),
                    jsonPath: text('The JSON path of the value in the object.'),
                  },
                },
              },
              selectableFields: {
                type: 'array',
                description: 'The fields that field selectors support.',
                'x-kubernetes-list-type': 'atomic',
                items: {
                  type: 'object',
                  required: ['jsonPath'],
                  properties: { jsonPath: text('The JSON path of the value in the object.') },
                },
              },
            },
          },
        },
      },
    },
    status: {
      type: 'object',
      description: 'The state of the definition.',
      properties: {
        conditions: {
          type: 'array',
          nullable: true,
          items: condition,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['type'],
        },
        acceptedNames: { ...names, required: [] },
        storedVersions: {
          type: 'array',
          nullable: true,
          items: { type: 'string' },
          'x-kubernetes-list-type': 'atomic',
        },
        observedGeneration: { type: 'integer', format: 'int64' },
      },
    },
  },
);
