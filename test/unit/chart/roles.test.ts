import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../src/api/index.ts';
import { kindNames, modules } from '../../../src/controllers/index.ts';
import { allValues, minimalValues, release, render, type Rendered } from '../../support/chart/chart.ts';
import { grantsTo, isAllowed, type PolicyRule } from '../../support/chart/rules.ts';

const { group } = resources.VPC;
const readVerbs = ['get', 'list', 'watch'];
const writeVerbs = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const subresources = ['', '/status', '/finalizers', '/scale'];

const objects = render({ ...minimalValues, crds: { install: false } });

/** The rules that the chart adds to the cluster role `role` of Kubernetes. */
const aggregatedTo = (role: string): PolicyRule[] =>
  rulesOf(({ metadata }) => metadata.labels?.[`rbac.authorization.k8s.io/aggregate-to-${role}`] === 'true');
const rulesOf = (matches: (object: Rendered) => boolean): PolicyRule[] =>
  objects
    .filter((object) => object.kind === 'ClusterRole' && matches(object))
    .flatMap(({ rules }) => rules as PolicyRule[]);
const networkAdmin = rulesOf(({ metadata }) => metadata.name === 'overlay-network-network-admin');

/** Everything that rules allow on the kinds, as `verb plural/subresource`. */
const allowed = (rules: readonly PolicyRule[]): string[] =>
  kindNames.flatMap((kind) =>
    subresources.flatMap((subresource) =>
      [...readVerbs, ...writeVerbs].flatMap((verb) => {
        const resource = `${resources[kind].plural}${subresource}`;
        const access = { verb, group, resource };
        return isAllowed([{ namespace: undefined, rules }], access) ? [`${verb} ${resource}`] : [];
      }),
    ),
  );
const matrix = (verbs: readonly string[], selects: (kind: (typeof kindNames)[number]) => boolean): string[] =>
  kindNames.flatMap((kind) =>
    [...readVerbs, ...writeVerbs].flatMap((verb) =>
      selects(kind) && verbs.includes(verb) ? [`${verb} ${resources[kind].plural}`] : [],
    ),
  );

const isNamespaced = (kind: (typeof kindNames)[number]): boolean => resources[kind].namespaced;
const isOfTenants = (kind: (typeof kindNames)[number]): boolean => modules[kind].writers === 'tenants';

describe("the chart's roles for people", () => {
  it('let no tenant write a kind that is not in a namespace, or a TrafficPolicy', () => {
    expect(kindNames.filter((kind) => isOfTenants(kind) && !isNamespaced(kind))).toEqual([]);
    expect(isOfTenants('TrafficPolicy')).toBe(false);
  });

  it.each(['edit', 'admin'])(
    'let tenants with %s read namespaced kinds and write the kinds of tenants',
    (role) => {
      const expected = [...matrix(readVerbs, isNamespaced), ...matrix(writeVerbs, isOfTenants)];
      expect(allowed(aggregatedTo(role)).sort()).toEqual(expected.sort());
    },
  );

  it('let tenants with view only read namespaced kinds', () => {
    expect(allowed(aggregatedTo('view'))).toEqual(matrix(readVerbs, isNamespaced));
  });

  it('let network administrators read and write every kind, and no status', () => {
    expect(allowed(networkAdmin)).toEqual(matrix([...readVerbs, ...writeVerbs], () => true));
  });

  it('name only resources of this API group that exist', () => {
    const plurals = kindNames.map((kind) => resources[kind].plural);
    for (const rule of [...aggregatedTo('admin'), ...aggregatedTo('view'), ...networkAdmin]) {
      expect(rule.apiGroups).toEqual([group]);
      for (const resource of rule.resources) expect(plurals).toContain(resource);
    }
  });

  it('bind nobody to the roles of people', () => {
    const bound = objects
      .filter(({ kind }) => kind.endsWith('Binding'))
      .map(({ roleRef }) => (roleRef as { name: string }).name);
    expect(bound).not.toContain('overlay-network-network-admin');
    expect(bound.filter((name) => /-(edit|view)$/.test(name))).toEqual([]);
  });
});

describe('the right to read metrics', () => {
  const binding = (values: object) =>
    render({ ...minimalValues, crds: { install: false }, ...values }).find(
      ({ kind, metadata }) => kind === 'ClusterRoleBinding' && metadata.name.endsWith('-metrics-reader'),
    );
  const ingress = (values: object) =>
    (
      render({ ...minimalValues, crds: { install: false }, ...values }).find(
        ({ kind }) => kind === 'NetworkPolicy',
      )!['spec'] as { ingress: unknown }
    ).ingress;
  const reader = { namespace: 'monitoring', name: 'prometheus' };

  it('belongs to nobody by default, and no pod may connect', () => {
    expect(binding({})).toBeUndefined();
    expect(ingress({})).toEqual([]);
  });

  it("belongs to the listed ServiceAccounts, and to the ServiceMonitor's own", () => {
    const metrics = { readers: [reader], serviceMonitor: { enabled: true } };
    expect(binding({ metrics })?.['subjects']).toEqual([
      { kind: 'ServiceAccount', name: 'overlay-network-metrics-reader', namespace: release.namespace },
      { kind: 'ServiceAccount', ...reader },
    ]);
    const account = { namespace: release.namespace, name: 'overlay-network-metrics-reader' };
    expect(grantsTo(render(allValues), account).flatMap(({ rules }) => rules)).toEqual([
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ]);
    expect(ingress({ metrics })).toMatchObject([{ from: [{ namespaceSelector: {} }] }]);
  });

  it('needs no role without authentication, and the operator then reviews no tokens', () => {
    const open = render({ ...minimalValues, crds: { install: false }, metrics: { authentication: 'none' } });
    expect(open.filter(({ metadata }) => metadata.name.endsWith('-metrics-reader'))).toEqual([]);
    expect(JSON.stringify(open)).not.toContain('tokenreviews');
  });
});
