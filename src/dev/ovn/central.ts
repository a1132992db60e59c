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

/** Where packages put OVN's schemas. */
export const schemaFolder = '/usr/share/ovn';

/** OVN's programs are not on this machine; the message names the packages that bring them. */
export class OvnMissingError extends Error {
  readonly code = 'OVN_MISSING';

  constructor(cause: unknown) {
    super(
      "OVN's programs are missing: install the packages ovn-central, ovn-host, openvswitch-switch and " +
        'openvswitch-common (Debian, Ubuntu), or run `npm run setup` as root.',
      { cause },
    );
    this.name = 'OvnMissingError';
  }
}

/** What a control plane of OVN is made of, on one machine: both databases and ovn-northd. */
export interface OvnCentral {
  readonly northbound: DatabaseServer;
  readonly southbound: DatabaseServer;
  readonly northd: Daemon;
  /** Runs ovn-nbctl on the Northbound database; resolves with its output. */
  nbctl(...args: readonly string[]): Promise<string>;
  /** Runs ovn-sbctl on the Southbound database; resolves with its output. */
  sbctl(...args: readonly string[]): Promise<string>;
  /** Ends the processes; the files in `dir` stay. */
  stop(): Promise<void>;
}

/**
 * Starts OVN's databases and ovn-northd in `dir`, an existing private folder, on unix sockets only. Resolves when
 * a change to the Northbound database has arrived in the Southbound one.
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
    const schema = join(schemaFolder, file);
    if (!existsSync(schema)) throw new OvnMissingError(new Error(`${schema} is missing`));
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
