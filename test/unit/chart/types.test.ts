import { describe, expect, it } from '@jest/globals';
import { allValues, leastValues, render, type Rendered } from '../../support/chart/chart.ts';
import { hasModel, modelProblems } from '../../support/chart/kubernetes-types.ts';

/** The Prometheus operator's are none of Kubernetes; CRDs are taken by API servers in other tests. */
const others = ['CustomResourceDefinition', 'PrometheusRule', 'ServiceMonitor'];

const problemsOf = ({ kind, ...object }: Rendered): string[] =>
  modelProblems(`V1${kind}`, { kind, ...object }, `${kind}/${object.metadata.name}`);

describe("the chart's objects, by Kubernetes' own types", () => {
  it.each([
    ['the least values', leastValues],
    ['everything switched on', allValues],
  ])('have no field that is unknown, missing or of another type, with %s', (_, values) => {
    const objects = render(values).filter(({ kind }) => !others.includes(kind));
    expect(objects.length).toBeGreaterThan(10);
    expect(objects.filter(({ kind }) => !hasModel(`V1${kind}`))).toEqual([]);
    expect(objects.flatMap(problemsOf)).toEqual([]);
  });

  it('would be found wrong', () => {
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
      'Deployment/x.metadata.labels.one is no string',
      'Deployment/x.spec.replica is not known',
      'Deployment/x.spec.template.spec.containers[0].ports[0].containerPort is no number',
      'Deployment/x.spec.template.spec.hostNetwork is no boolean',
    ]);
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'x' },
      spec: [],
    };
    expect(problemsOf(budget)).toEqual(['PodDisruptionBudget/x.spec is no object']);
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'x' },
      rules: [{}],
    };
    expect(problemsOf(role)).toEqual(['Role/x.rules[0].verbs is missing']);
  });
});
