/** The objects that a scenario needs before its Ports, and their API paths. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { resources } from '../src/api/index.ts';
import { RequestError, type BareClient } from './http.ts';

/** The objects of an API group in one namespace; without a namespace, in all namespaces. */
export interface Scope {
  readonly group: string;
  readonly namespace?: string;
}

/** One side of a comparison. The sides have different API groups, so the operator does not see the floor's objects. */
export interface World extends Scope {
  readonly namespace: string;
}

export const operatorWorld: World = { group: 'network.plasmavmc.io', namespace: 'bench' };
export const floorWorld: World = { group: 'floor.plasmavmc.io', namespace: 'bench-floor' };

/** The plural names of all kinds, as in API paths. */
export const plurals: readonly string[] = Object.values(resources).map(({ plural }) => plural);

/** The API path of the objects of a kind; with `name`, the path of one object. */
export function pathOf({ group, namespace }: Scope, plural: string, name?: string): string {
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `/apis/${group}/v1alpha1${place}/${plural}${name === undefined ? '' : `/${name}`}`;
}

/** The JSON of a new Port. */
export function portOf({ group }: Scope, name: string, ipAddress?: string, subnet = 'bench'): string {
  return JSON.stringify({
    apiVersion: `${group}/v1alpha1`,
    kind: 'Port',
    metadata: { name },
    spec: {
      subnetRef: { name: subnet },
      securityGroupRefs: [{ name: 'web' }, { name: 'ssh' }],
      ...(ipAddress !== undefined && { ipAddress }),
    },
  });
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Installs the CRDs of a world, creates its namespace, and waits until the API server serves every kind. */
export async function install(client: BareClient, world: World): Promise<void> {
  const folder = join(import.meta.dirname, '../crds');
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8').replaceAll(operatorWorld.group, world.group);
    const crd = parse(text) as Manifest;
    if (crd.kind !== 'CustomResourceDefinition') continue;
    await client.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', JSON.stringify(crd));
  }
  const { namespace } = world;
  await client.send(
    'POST',
    '/api/v1/namespaces',
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
  );
  for (const plural of plurals) await untilServed(client, pathOf({ group: world.group }, plural));
}

/** Waits until a kind is served. A new kind first returns 404, and then 429 until the server has filled its cache. */
async function untilServed(client: BareClient, path: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; ;) {
    try {
      await client.send('GET', path);
      return;
    } catch (error) {
      const isTemporary = error instanceof RequestError && (error.code === 404 || error.code === 429);
      if (!isTemporary || Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

/** Creates the objects that Ports reference: a VPC with one /16 Subnet, and two SecurityGroups. */
export async function populate(client: BareClient, world: World): Promise<void> {
  const rule = (port: number): unknown => ({
    protocol: 'TCP',
    ports: { min: port, max: port },
    remote: { cidr: '10.0.0.0/8' },
  });
  const objects: [plural: string, kind: string, name: string, spec: unknown][] = [
    ['vpcs', 'VPC', 'bench', { cidr: '10.0.0.0/16', defaults: 'None' }],
    ['subnets', 'Subnet', 'bench', { vpcRef: { name: 'bench' }, cidr: '10.0.0.0/16' }],
    ['securitygroups', 'SecurityGroup', 'web', { ingress: [rule(80), rule(443)] }],
    ['securitygroups', 'SecurityGroup', 'ssh', { ingress: [rule(22)] }],
  ];
  for (const [plural, kind, name, spec] of objects) {
    const object = { apiVersion: `${world.group}/v1alpha1`, kind, metadata: { name }, spec };
    await client.send('POST', pathOf(world, plural), JSON.stringify(object));
  }
}

/** Deletes all Ports of a world; resolves when the API server has none left. */
export async function deletePorts(client: BareClient, world: World): Promise<void> {
  await client.send('DELETE', pathOf(world, 'ports'));
  for (;;) {
    const list = JSON.parse(await client.send('GET', `${pathOf(world, 'ports')}?limit=1`)) as {
      items: unknown[];
    };
    if (list.items.length === 0) return;
    await delay(20);
  }
}

/** Creates Ports with 16 clients. Each client sends one request at a time. */
export function createPorts(client: BareClient, world: World, names: readonly string[]): Promise<void> {
  return eachBy16(names, (name) => client.send('POST', pathOf(world, 'ports'), portOf(world, name)));
}

/** Sets an annotation without meaning on every Port, with 16 clients, so that the operator reconciles every Port. */
export function touchPorts(
  client: BareClient,
  world: World,
  names: readonly string[],
  value: number,
): Promise<void> {
  const patch = JSON.stringify({ metadata: { annotations: { 'bench/touched': String(value) } } });
  const type = 'application/merge-patch+json';
  return eachBy16(names, (name) => client.send('PATCH', pathOf(world, 'ports', name), patch, type));
}

/** Calls `send` for each item, with at most 16 calls at a time. */
export async function eachBy16<T>(items: readonly T[], send: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await send(item);
  };
  await Promise.all(Array.from({ length: 16 }, sender));
}
