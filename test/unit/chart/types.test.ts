import { describe, expect, it } from '@jest/globals';
import { allValues, minimalValues, render, type Rendered } from '../../support/chart/chart.ts';
import { hasModel, modelProblems } from '../../support/chart/kubernetes-types.ts';

/** Kinds without a model: the kinds of the Prometheus operator, and CRDs, which other tests send to API servers. */
const others = ['CustomResourceDefinition', 'PrometheusRule', 'ServiceMonitor'];

const problemsOf = ({ kind, ...object }: Rendered): string[] =>
  modelProblems(`V1${kind}`, { kind, ...object }, `${kind}/${object.metadata.name}`);

describe("the chart's objects", () => {
  it.each([
    ['minimal values', minimalValues],
    ['all features enabled', allValues],
  ])("match Kubernetes' own types with %s", (_, values) => {
    const objects = render(values).filter(({ kind }) => !others.includes(kind));
    expect(objects.length).toBeGreaterThan(10);
    expect(objects.filter(({ kind }) => !hasModel(`V1${kind}`))).toEqual([]);
    expect(objects.flatMap(problemsOf)).toEqual([]);
  });

  it('are reported when they have unknown, missing or mistyped fields', () => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x', labels: { one: 1 } },
      spec: {
        replica: 2,
        selector: {},
        template: {
          spec: { containers: [{ name: 'a', ports: [{ containerPort: '80' }] }], hostNetwork: 'no' },
        },
      },
    } as unknown as Rendered;
    expect(problemsOf(deployment).sort()).toEqual([
      'Deployment/x.metadata.labels.one is not of type string',
      'Deployment/x.spec.replica is unknown',
      'Deployment/x.spec.template.spec.containers[0].ports[0].containerPort is not of type number',
      'Deployment/x.spec.template.spec.hostNetwork is not of type boolean',
    ]);
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'x' },
      spec: [],
    };
    expect(problemsOf(budget)).toEqual(['PodDisruptionBudget/x.spec is not of type object']);
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'x' },
      rules: [{}],
    };
    expect(problemsOf(role)).toEqual(['Role/x.rules[0].verbs is missing']);
  });
});
