/** Everything that a scenario runs on: servers, the operator, and both worlds with what their Ports refer to. */
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
import { deletePorts, floor, install, ours, pathOf, populate, portOf } from './world.ts';

/** What was written since a count began. */
export interface Writes {
  /** Undefined when the database has compacted its log meanwhile. */
  readonly nb: NbWrites | undefined;
  readonly api: number;
}

export class Environment {
  readonly options: Options;
  readonly dir: string;
  readonly server: BenchServer;
  readonly northbound: DatabaseServer;
  readonly southbound: DatabaseServer;
  /** With `--northd`. */
  readonly northd: Daemon | undefined;
  readonly client: BareClient;
  /** Another client, which sends nothing to the operator's world. */
  readonly floorClient: BareClient;
  readonly #cleanups: (() => Promise<void> | void)[];
  #floorNb: DatabaseServer | undefined;
  #fail: (error: Error) => void = () => undefined;
  /** Rejects when the operator ends by itself: whatever waits for it waits in vain. */
  readonly failure = new Promise<never>((_resolve, reject) => (this.#fail = reject));
  /** Resident memory of the operator with no Port and no garbage. */
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

  /** Starts the servers and makes both worlds; nothing is left of them when that fails. */
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
      await install(environment.client, ours);
      await install(environment.client, floor);
      await populate(environment.client, ours);
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

  /** Starts the operator; with `--profile` it writes a profile when it stops. */
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

  /** Learns what a Port comes to; leaves the world without Ports, and the floor's database as the operator's. */
  async learn(operator: Operator): Promise<Template> {
    const watch = await PortWatch.open(this.client, ours);
    const nb = await BareOvsdb.connect(this.northbound.remote);
    try {
      await operator.idle();
      this.emptyRss = await operator.leanRss();
      const name = 'sample-of-a-port';
      await this.client.send('POST', pathOf(ours, 'ports'), portOf(ours, name, '10.0.77.77'));
      await watch.untilReady(1);
      const port = watch.get(name);
      if (port === undefined) throw new Error(`Port ${name} is gone`);
      const template = await Template.learn(nb, port);
      await this.deleteOurs(watch, operator);
      return template;
    } finally {
      nb.close();
      watch.close();
    }
  }

  /** Deletes the operator's Ports, and waits until it has nothing left to do. */
  async deleteOurs(watch: PortWatch, operator: Operator): Promise<void> {
    await deletePorts(this.client, ours);
    await watch.until(() => watch.ready.size === 0);
    await operator.idle();
  }

  /** Begins to count what the operator writes; the function returned says how much that was. */
  async countWrites(): Promise<() => Promise<Writes>> {
    const mark = markOf(this.northbound.file);
    const apiBefore = await this.server.writes();
    const oursBefore = this.client.writes;
    return async () => ({
      nb: writesSince(this.northbound.file, mark),
      api: (await this.server.writes()) - apiBefore - (this.client.writes - oursBefore),
    });
  }

  /**
   * Starts a Northbound database for the floor as the operator's is now, in place of the one before: a copy, so that
   * the operator sees nothing of it. Resolves with its remote.
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
