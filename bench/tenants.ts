/** Tenants as they are in real clusters: a namespace each, with a VPC, two Subnets, two SecurityGroups and Ports. */
import type { BareClient } from './http.ts';
import { eachBy16, ours, pathOf, portOf, type World } from './world.ts';

export const portsPerTenant = 100;

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

const worldOf = (tenant: number): World => ({ group: ours.group, namespace: `tenant-${tenant}` });

export class Tenants {
  readonly #client: BareClient;
  #ports = 0;
  #tenants = 0;

  constructor(client: BareClient) {
    this.#client = client;
  }

  /** Ports that were asked for, and the tenants that they are in. */
  get ports(): number {
    return this.#ports;
  }

  get count(): number {
    return this.#tenants;
  }

  /** Creates what is missing to so many Ports, from 16 clients. */
  async growTo(ports: number): Promise<void> {
    const missing = Array.from({ length: Math.max(0, ports - this.#ports) }, () => this.#ports++);
    await this.#makeTenants();
    await eachBy16(missing, (number) => this.#send(number));
  }

  /** Creates one more; resolves with its name. */
  async createPort(): Promise<string> {
    const number = this.#ports++;
    await this.#makeTenants();
    await this.#send(number);
    return nameOf(number);
  }

  async #makeTenants(): Promise<void> {
    // With room for one more Port.
    const needed = Math.floor(this.#ports / portsPerTenant) + 1;
    const missing = Array.from({ length: Math.max(0, needed - this.#tenants) }, () => this.#tenants++);
    await eachBy16(missing, async (tenant) => {
      const world = worldOf(tenant);
      const metadata = { name: world.namespace };
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata };
      await this.#client.send('POST', '/api/v1/namespaces', JSON.stringify(namespace));
      for (const [plural, kind, name, spec] of objects) {
        const object = { apiVersion: `${ours.group}/v1alpha1`, kind, metadata: { name }, spec };
        await this.#client.send('POST', pathOf(world, plural), JSON.stringify(object));
      }
    });
  }

  #send(number: number): Promise<unknown> {
    const world = worldOf(Math.floor(number / portsPerTenant));
    const port = portOf(world, nameOf(number), undefined, number % 2 === 0 ? 'a' : 'b');
    return this.#client.send('POST', pathOf(world, 'ports'), port);
  }
}

const nameOf = (number: number): string => `port-${number}`;
