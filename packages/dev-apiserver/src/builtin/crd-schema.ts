import type { JsonObject } from '../model/objects.ts';
import { condition, integer, kind, text } from './schemas.ts';

const names: JsonObject = {
  type: 'object',
  description: 'The names under which the resource is served.',
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
    listKind: text('The kind of its lists.'),
    categories: {
      type: 'array',
      items: { type: 'string' },
      description: 'Groups of resources that it belongs to (e.g. "all").',
      'x-kubernetes-list-type': 'atomic',
    },
  },
};

const anything = (description: string): JsonObject => ({
  type: 'object',
  description,
  'x-kubernetes-preserve-unknown-fields': true,
});

/** The schema of CustomResourceDefinition itself; the schemas in it are checked where they are compiled. */
export const customResourceDefinitionSchema: JsonObject = kind(
  'CustomResourceDefinition represents a resource that should be exposed on the API server.',
  {
    spec: {
      type: 'object',
      description: 'How the user wants the resources to appear.',
      required: ['group', 'names', 'scope', 'versions'],
      properties: {
        group: text('The API group of the resource.'),
        names,
        scope: text('Cluster or Namespaced.'),
        preserveUnknownFields: { type: 'boolean', description: 'Must be false.' },
        conversion: {
          type: 'object',
          description: 'How versions are converted; only strategy None is known here.',
          required: ['strategy'],
          properties: {
            strategy: text('None: apiVersion is the only difference.'),
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
              served: { type: 'boolean', description: 'Whether the version is served.' },
              storage: { type: 'boolean', description: 'Whether objects are stored in this version.' },
              deprecated: {
                type: 'boolean',
                description: 'Whether requests to this version are answered with a warning.',
              },
              deprecationWarning: text('The text of that warning.'),
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
                    name: text('The heading.'),
                    type: text('The OpenAPI type of the values.'),
                    format: text('The OpenAPI format of the values.'),
                    description: text('A description for people.'),
                    priority: integer('0 in the standard view, more only in the wide one.'),
                    jsonPath: text('Where in the object the value is.'),
                  },
                },
              },
              selectableFields: {
                type: 'array',
                description: 'Fields that field selectors may name.',
                'x-kubernetes-list-type': 'atomic',
                items: {
                  type: 'object',
                  required: ['jsonPath'],
                  properties: { jsonPath: text('Where in the object the value is.') },
                },
              },
            },
          },
        },
      },
    },
    status: {
      type: 'object',
      description: 'What of the definition is in force.',
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
