/** The environment of a scenario: servers, the operator, and both worlds with the objects that Ports reference. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNorthd } from '../src/dev/ovn/northd.ts';
import { startDatabase, type DatabaseServer } from '../src/dev/ovn/processes.ts';
import type { Daemon } from '../src/dev/ovn/daemon.ts';
import { createWorkspace } from '../src/dev/workspace.ts';
import { startServer, type BenchServer } from './api-server.ts';
import { BareClient } from './http.ts';
import { markOf, writesSince, type NbWrites } from './nb-log.ts';
import type { Options } from './options.ts';
import { BareOvsdb } from './ovsdb.ts';
import { PortWatch } from './port-watch.ts';
import { Operator } from './processes.ts';
import { Template } from './template.ts';
import { deletePorts, floorWorld, install, operatorWorld, pathOf, populate, portOf } from './world.ts';

/** The writes since a count began. */
export interface Writes {
  /** Undefined when the database has compacted its log in the meantime. */
  readonly nb: NbWrites | undefined;
  readonly api: number;
}

export class Environment {
  readonly options: Options;
  readonly dir: string;
  readonly server: BenchServer;
  readonly northbound: DatabaseServer;
  readonly southbound: DatabaseServer;
  /** Defined with `--northd`. */
  readonly northd: Daemon | undefined;
  readonly client: BareClient;
  /** A separate client for the floor's world. */
  readonly floorClient: BareClient;
  readonly #cleanups: (() => Promise<void> | void)[];
  #floorNb: DatabaseServer | undefined;
  #fail: (error: Error) => void = () => undefined;
  /** Rejects when the operator exits unexpectedly, so that waits for it end. */
  readonly failure = new Promise<never>((_resolve, reject) => (this.#fail = reject));
  /** Resident memory of the operator without Ports, in bytes, after a garbage collection. */
  emptyRss = NaN;

  private constructor(
    options: Options,
    dir: string,
    servers: {
      api: BenchServer;
      northbound: DatabaseServer;
      southbound: DatabaseServer;
      northd: Daemon | undefined;
    },
    cleanups: (() => Promise<void> | void)[],
  ) {
    this.options = options;
    this.dir = dir;
    this.server = servers.api;
    this.northbound = servers.northbound;
    this.southbound = servers.southbound;
    this.northd = servers.northd;
    this.client = new BareClient(servers.api.connection);
    this.floorClient = new BareClient(servers.api.connection);
    this.#cleanups = cleanups;
    this.failure.catch(() => undefined);
    cleanups.push(() => this.client.close());
    cleanups.push(() => this.floorClient.close());
  }

  /** Starts the servers and creates both worlds. When the start fails, everything is stopped and removed. */
  static async start(options: Options): Promise<Environment> {
    const workspace = createWorkspace();
    const { dir } = workspace;
    const cleanups: (() => Promise<void> | void)[] = [() => workspace.remove()];
    try {
      const keep = <T extends { stop(): Promise<void> }>(started: T): T => {
        cleanups.push(() => started.stop());
        return started;
      };
      const schemas = '/usr/share/ovn';
      const northbound = keep(
        await startDatabase({ dir, name: 'OVN_Northbound', schema: join(schemas, 'ovn-nb.ovsschema') }),
      );
      const southbound = keep(
        await startDatabase({ dir, name: 'OVN_Southbound', schema: join(schemas, 'ovn-sb.ovsschema') }),
      );
      const remotes = { northbound: northbound.remote, southbound: southbound.remote };
      const northd = options.northd ? keep(await startNorthd({ dir, ...remotes })) : undefined;
      const api = keep(await startServer(options.api, dir));
      const environment = new Environment(options, dir, { api, northbound, southbound, northd }, cleanups);
      await install(environment.client, operatorWorld);
      await install(environment.client, floorWorld);
      await populate(environment.client, operatorWorld);
      return environment;
    } catch (error) {
      for (const cleanup of cleanups.toReversed()) await cleanup();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const cleanup of this.#cleanups.toReversed()) await cleanup();
    this.#cleanups.length = 0;
  }

  /** Starts the operator. With `--profile`, the operator writes a CPU profile when it stops. */
  async startOperator(): Promise<Operator> {
    const operator = await Operator.start({
      kubeconfig: this.server.kubeconfig,
      northbound: this.northbound.remote,
      southbound: this.southbound.remote,
      logFile: join(this.dir, 'operator.log'),
      profile: this.options.profile,
      program: this.options.program,
    });
    this.#cleanups.push(() => operator.stop());
    operator.failure.catch((error: unknown) => this.#fail(error as Error));
    return operator;
  }

  /**
   * Records what the operator writes for one Port, as the template for the floor. Deletes the Port afterwards.
   * @throws Error when the Port disappears, or when the operator writes no rows for the Port
   */
  async learn(operator: Operator): Promise<Template> {
    const watch = await PortWatch.open(this.client, operatorWorld);
    const nb = await BareOvsdb.connect(this.northbound.remote);
    try {
      await operator.idle();
      this.emptyRss = await operator.leanRss();
      const name = 'sample-of-a-port';
      await this.client.send(
        'POST',
        pathOf(operatorWorld, 'ports'),
        portOf(operatorWorld, name, '10.0.77.77'),
      );
      await watch.untilReady(1);
      const port = watch.get(name);
      if (port === undefined) throw new Error(`Port ${name} does not exist any more`);
      const template = await Template.learn(nb, port);
      await this.deleteOperatorPorts(watch, operator);
      return template;
    } finally {
      nb.close();
      watch.close();
    }
  }

  /** Deletes the Ports of the operator's world, and waits until the operator is idle. */
  async deleteOperatorPorts(watch: PortWatch, operator: Operator): Promise<void> {
    await deletePorts(this.client, operatorWorld);
    await watch.until(() => watch.ready.size === 0);
    await operator.idle();
  }

  /** Begins to count the operator's writes. The returned function resolves with the counts. */
  async countWrites(): Promise<() => Promise<Writes>> {
    const mark = markOf(this.northbound.file);
    const apiBefore = await this.server.writes();
    const clientBefore = this.client.writes;
    return async () => ({
      nb: writesSince(this.northbound.file, mark),
      api: (await this.server.writes()) - apiBefore - (this.client.writes - clientBefore),
    });
  }

  /**
   * Starts a new Northbound database for the floor, as a copy of the operator's database. The operator does not see the
   * writes to the copy. Stops the previous copy. Resolves with the remote of the new database.
   */
  async freshFloorNb(): Promise<string> {
    await this.#floorNb?.stop();
    const prefix = 'floor';
    copyFileSync(this.northbound.file, join(this.dir, `${prefix}.db`));
    const floorNb = await startDatabase({ dir: this.dir, name: 'OVN_Northbound', schema: '', prefix });
    if (this.#floorNb === undefined) this.#cleanups.push(() => this.#floorNb?.stop());
    this.#floorNb = floorNb;
    return floorNb.remote;
  }
}
