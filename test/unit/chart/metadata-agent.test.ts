import { describe, expect, it } from '@jest/globals';
import {
  allValues as allOfChart,
  minimalValues,
  release,
  render,
  renderTexts,
  type Rendered,
  type Values,
} from '../../support/chart/chart.ts';
import { grantsTo, isAllowed } from '../../support/chart/rules.ts';

interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: {
    readonly [member: string]: unknown;
    readonly containers: readonly ({ readonly [member: string]: unknown } & {
      readonly env: readonly { readonly name: string; readonly value: string }[];
      readonly volumeMounts: readonly { readonly name: string; readonly readOnly?: boolean }[];
    })[];
    readonly volumes: readonly { readonly name: string; readonly [source: string]: unknown }[];
  };
}

const name = 'overlay-network-metadata-agent';
/** These tests do not need the CRDs, and rendering them takes most of the time. */
const crds = { install: false };
const allValues: Values = { ...allOfChart, crds };
const withAgent = (agent: object, others: object = {}): Values => ({
  ...minimalValues,
  crds,
  ...others,
  metadataAgent: { enabled: true, ...agent },
});
const ofAgent = (objects: readonly Rendered[]) => objects.filter(({ metadata }) => metadata.name === name);
const templateOf = (values: Values): PodTemplate => {
  const set = render(values).find(({ kind }) => kind === 'DaemonSet')!;
  return (set['spec'] as { template: PodTemplate }).template;
};
const envOf = (values: Values) =>
  Object.fromEntries(
    templateOf(values).spec.containers[0]!.env.map(({ name: variable, value }) => [variable, value]),
  );

describe("the metadata agent's DaemonSet", () => {
  it('exists only when metadataAgent.enabled is true', () => {
    expect(ofAgent(render(minimalValues))).toEqual([]);
    expect(ofAgent(render(withAgent({}))).map(({ kind }) => kind)).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'DaemonSet',
    ]);
  });

  it('is omitted with daemonSet: false, while the permissions stay', () => {
    const kinds = ofAgent(render(withAgent({ daemonSet: false }))).map(({ kind }) => kind);
    expect(kinds).toEqual(['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding']);
  });

  it("has pods that the operator's Service, PodDisruptionBudget and NetworkPolicy do not select", () => {
    const { labels } = templateOf(withAgent({})).metadata;
    const { selector } = render(minimalValues).find(({ kind }) => kind === 'Service')!['spec'] as {
      selector: Record<string, string>;
    };
    expect(Object.entries(selector).every(([key, value]) => labels[key] === value)).toBe(false);
  });

  it('selects its pods by their labels', () => {
    const { selector, template } = render(allValues).find(({ kind }) => kind === 'DaemonSet')!['spec'] as {
      selector: { matchLabels: Record<string, string> };
      template: PodTemplate;
    };
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
  });

  it("uses the host network, and mounts only the folder of Open vSwitch's sockets, read-only", () => {
    const { spec } = templateOf(withAgent({}));
    expect(spec).toMatchObject({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
    for (const key of ['hostPID', 'hostIPC', 'hostUsers', 'initContainers'])
      expect(spec).not.toHaveProperty(key);
    const fromHost = spec.volumes.filter((volume) => 'hostPath' in volume);
    expect(fromHost).toEqual([
      { name: 'openvswitch', hostPath: { path: '/run/openvswitch', type: 'Directory' } },
    ]);
    const mounts = spec.containers[0]!.volumeMounts;
    expect(mounts.find((mount) => mount.name === 'openvswitch')).toMatchObject({ readOnly: true });
    expect(JSON.stringify(mounts)).not.toContain('mountPropagation');
  });

  it('has three capabilities', () => {
    expect(templateOf(withAgent({})).spec.containers[0]!['securityContext']).toEqual({
      readOnlyRootFilesystem: true,
      appArmorProfile: { type: 'Unconfined' },
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'SYS_ADMIN', 'NET_BIND_SERVICE'] },
    });
  });

  it('gets additional capabilities and SELinux options from the values', () => {
    const { spec } = templateOf(allValues);
    expect(spec.containers[0]!['securityContext']).toMatchObject({
      capabilities: { add: expect.arrayContaining(['DAC_OVERRIDE']) },
    });
    expect(spec['securityContext']).toMatchObject({ seLinuxOptions: { type: 'spc_t' } });
  });

  it('serves health and metrics on the loopback address that the probes use', () => {
    const values = withAgent({ port: 9999 });
    expect(envOf(values)).toMatchObject({ OVERLAY_NETWORK_LISTEN_ADDR: '127.0.0.1:9999' });
    const [container] = templateOf(values).spec.containers;
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect(container).toMatchObject({ [probe]: { httpGet: { host: '127.0.0.1', port: 9999 } } });
  });

  it("gets the operator's clusterName", () => {
    const config = { ...(minimalValues['config'] as object), clusterName: 'production' };
    expect(envOf(withAgent({}, { config }))).toMatchObject({ OVERLAY_NETWORK_CLUSTER_NAME: 'production' });
    expect(envOf(withAgent({}))).not.toHaveProperty('OVERLAY_NETWORK_CLUSTER_NAME');
  });

  it("does not mount the operator's certificate, which can write to the Northbound database", () => {
    expect(JSON.stringify(templateOf(withAgent({})).spec.volumes)).not.toContain('overlay-network-tls');
    const { spec } = templateOf(allValues);
    expect(spec.volumes).toContainEqual({
      name: 'tls',
      secret: { secretName: 'metadata-agent-tls', defaultMode: 0o400 },
    });
    expect(envOf(allValues)).toMatchObject({ OVERLAY_NETWORK_TLS_KEY: '/etc/overlay-network/tls/tls.key' });
  });

  it('fails to render for ssl: remotes without a TLS Secret', () => {
    expect(() => render(withAgent({ config: { ovnSbEndpoint: 'ssl:sb.example:6642' } }))).toThrow(
      'metadataAgent.tls.secretName is required',
    );
  });

  it('starts new pods only when its configuration changes', () => {
    expect(templateOf(withAgent({ config: { logLevel: 'debug' } }))).not.toEqual(templateOf(withAgent({})));
    expect(templateOf(withAgent({ sources: { a: { secrets: ['b'] } } }))).toEqual(templateOf(withAgent({})));
  });

  it('has its own image, which a digest can pin', () => {
    const imageOf = (values: Values) => templateOf(values).spec.containers[0]!['image'];
    expect(imageOf(withAgent({}))).toBe('overlay-network-metadata-agent:0.1.0');
    expect(imageOf(allValues)).toBe(`overlay-network-metadata-agent@sha256:${'1'.repeat(64)}`);
  });

  it('prints a note that the namespace must admit privileged pods', () => {
    expect(renderTexts(withAgent({})).get('NOTES.txt')).toContain('enforce=privileged');
    expect(renderTexts(withAgent({ daemonSet: false })).get('NOTES.txt')).not.toContain('privileged');
  });
});

describe("the metadata agent's ServiceAccount", () => {
  const grants = grantsTo(render(allValues), { namespace: release.namespace, name });
  const may = (verb: string, resource: string, namespace: string, object?: string) =>
    isAllowed(grants, {
      verb,
      group: resource === 'ports' ? 'network.plasmavmc.io' : '',
      resource,
      namespace,
      name: object,
    });

  it('can get a Port by its name, but can neither list nor watch Ports', () => {
    expect(may('get', 'ports', 'anywhere', 'web-1')).toBe(true);
    for (const verb of ['list', 'watch', 'patch', 'update', 'create', 'delete'])
      expect([verb, may(verb, 'ports', 'anywhere')]).toEqual([verb, false]);
  });

  it.each([
    ['secrets', 'team-a', 'web-1', true],
    ['secrets', 'team-a', 'web-2', true],
    ['secrets', 'team-a', 'database', false],
    ['secrets', 'team-b', 'web-1', false],
    ['secrets', 'team-b', 'defaults', false],
    ['configmaps', 'team-a', 'defaults', true],
    ['configmaps', 'team-b', 'defaults', true],
    ['configmaps', 'team-b', 'other', false],
    ['secrets', release.namespace, 'overlay-network-tls', false],
  ])('has permission to get %s in %s named %s: %s', (resource, namespace, object, expected) => {
    expect(may('get', resource, namespace, object)).toBe(expected);
    expect(may('list', resource, namespace)).toBe(false);
  });

  it('never has a rule for Secrets or ConfigMaps without names, which would allow all of them', () => {
    const rules = [
      allValues,
      withAgent({ sources: { a: { secrets: [] }, b: { secrets: [], configMaps: ['c'] } } }),
    ]
      .flatMap((values) => ofAgent(render(values)))
      .flatMap(({ rules: some }) => (some ?? []) as { resources: string[]; resourceNames?: string[] }[])
      .filter(({ resources }) => !resources.includes('ports'));
    expect(rules.length).toBeGreaterThan(3);
    for (const { resourceNames } of rules) expect(resourceNames?.length).toBeGreaterThan(0);
  });

  it('has no roles with rbac.create: false, and does not change the permissions of the operator', () => {
    const kinds = ofAgent(render(withAgent({}, { rbac: { create: false } }))).map(({ kind }) => kind);
    expect(kinds).toEqual(['ServiceAccount', 'ConfigMap', 'DaemonSet']);
    const operator = { namespace: release.namespace, name: 'overlay-network' };
    expect(grantsTo(render(allValues), operator)).toEqual(grantsTo(render(minimalValues), operator));
  });
});
