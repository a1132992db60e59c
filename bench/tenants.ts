/** Tenants like in real clusters: each has a namespace with a VPC, two Subnets, two SecurityGroups and Ports. */
import type { BareClient } from './http.ts';
import { eachBy16, operatorWorld, pathOf, portOf, type World } from './world.ts';

export const PORTS_PER_TENANT = 100;

const rule = (port: number): unknown => ({
  protocol: 'TCP',
  ports: { min: port, max: port },
  remote: { cidr: '10.0.0.0/8' },
});
const objects: readonly [plural: string, kind: string, name: string, spec: unknown][] = [
  ['vpcs', 'VPC', 'main', { defaults: 'None' }],
  ['subnets', 'Subnet', 'a', { vpcRef: { name: 'main' } }],
  ['subnets', 'Subnet', 'b', { vpcRef: { name: 'main' } }],
  ['securitygroups', 'SecurityGroup', 'web', { ingress: [rule(80), rule(443)] }],
  ['securitygroups', 'SecurityGroup', 'ssh', { ingress: [rule(22)] }],
];

const worldOf = (tenant: number): World => ({ group: operatorWorld.group, namespace: `tenant-${tenant}` });

export class Tenants {
  readonly #client: BareClient;
  #ports = 0;
  #tenants = 0;

  constructor(client: BareClient) {
    this.#client = client;
  }

  /** The number of Ports so far. */
  get ports(): number {
    return this.#ports;
  }

  /** The number of tenants so far. */
  get count(): number {
    return this.#tenants;
  }

  /** Creates Ports with 16 clients until there are `ports` of them. */
  async growTo(ports: number): Promise<void> {
    const missing = Array.from({ length: Math.max(0, ports - this.#ports) }, () => this.#ports++);
    await this.#makeTenants();
    await eachBy16(missing, (number) => this.#send(number));
  }

  /** Creates one more Port; resolves with its name. */
  async createPort(): Promise<string> {
    const number = this.#ports++;
    await this.#makeTenants();
    await this.#send(number);
    return nameOf(number);
  }

  async #makeTenants(): Promise<void> {
    // Includes the tenant of the next Port.
    const needed = Math.floor(this.#ports / PORTS_PER_TENANT) + 1;
    const missing = Array.from({ length: Math.max(0, needed - this.#tenants) }, () => this.#tenants++);
    await eachBy16(missing, async (tenant) => {
      const world = worldOf(tenant);
      const metadata = { name: world.namespace };
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata };
      await this.#client.send('POST', '/api/v1/namespaces', JSON.stringify(namespace));
      for (const [plural, kind, name, spec] of objects) {
        const object = { apiVersion: `${operatorWorld.group}/v1alpha1`, kind, metadata: { name }, spec };
        await this.#client.send('POST', pathOf(world, plural), JSON.stringify(object));
      }
    });
  }

  #send(number: number): Promise<unknown> {
    const world = worldOf(Math.floor(number / PORTS_PER_TENANT));
    const port = portOf(world, nameOf(number), undefined, number % 2 === 0 ? 'a' : 'b');
    return this.#client.send('POST', pathOf(world, 'ports'), port);
  }
}

const nameOf = (number: number): string => `port-${number}`;
