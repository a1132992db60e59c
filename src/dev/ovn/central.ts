import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { daemonEnvironment } from './daemon.ts';
import type { Daemon } from './daemon.ts';
import { startNorthd } from './northd.ts';
import { startDatabase } from './processes.ts';
import type { DatabaseServer } from './processes.ts';

const run = promisify(execFile);

/** The folder where distribution packages install OVN's schemas. */
export const SCHEMA_FOLDER = '/usr/share/ovn';

/** OVN's programs are not installed on this machine; the message names the packages to install. */
export class OvnMissingError extends Error {
  readonly code = 'OVN_MISSING';

  constructor(cause: unknown) {
    super(
      "OVN's programs are not installed. Install the packages ovn-central, ovn-host, openvswitch-switch and " +
        'openvswitch-common (Debian, Ubuntu), or run `npm run setup` as root.',
      { cause },
    );
    this.name = 'OvnMissingError';
  }
}

/** A control plane of OVN on one machine: both databases and ovn-northd. */
export interface OvnCentral {
  readonly northbound: DatabaseServer;
  readonly southbound: DatabaseServer;
  readonly northd: Daemon;
  /** Runs ovn-nbctl on the Northbound database; resolves with the command's output. */
  nbctl(...args: readonly string[]): Promise<string>;
  /** Runs ovn-sbctl on the Southbound database; resolves with the command's output. */
  sbctl(...args: readonly string[]): Promise<string>;
  /** Stops the processes. The files in the folder stay. */
  stop(): Promise<void>;
}

/**
 * Starts OVN's databases and ovn-northd in `dir`, an existing private folder, on unix sockets only. Resolves when
 * ovn-northd has copied a change of the Northbound database to the Southbound database.
 * @throws OvnMissingError when a program or schema is not installed
 */
export async function startOvnCentral(dir: string): Promise<OvnCentral> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const daemon of started.toReversed()) await daemon.stop();
  };
  const keep = <T extends { stop(): Promise<void> }>(daemon: T): T => {
    started.push(daemon);
    return daemon;
  };
  const database = (name: string, file: string) => {
    const schema = join(SCHEMA_FOLDER, file);
    if (!existsSync(schema)) throw new OvnMissingError(new Error(`${schema} does not exist`));
    return startDatabase({ dir, name, schema });
  };
  try {
    const northbound = keep(await database('OVN_Northbound', 'ovn-nb.ovsschema'));
    const southbound = keep(await database('OVN_Southbound', 'ovn-sb.ovsschema'));
    const northd = keep(
      await startNorthd({ dir, northbound: northbound.remote, southbound: southbound.remote }),
    );
    const control =
      (program: string, remote: string) =>
      async (...args: readonly string[]): Promise<string> => {
        const options = { env: daemonEnvironment(dir), maxBuffer: 2 ** 30 };
        const { stdout } = await run(program, [`--db=${remote}`, '--timeout=20', ...args], options);
        return stdout;
      };
    const nbctl = control('ovn-nbctl', northbound.remote);
    await nbctl('--wait=sb', 'init');
    return { northbound, southbound, northd, nbctl, sbctl: control('ovn-sbctl', southbound.remote), stop };
  } catch (error) {
    await stop();
    throw /spawn \S+ ENOENT/.test(String(error)) ? new OvnMissingError(error) : error;
  }
}
