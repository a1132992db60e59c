/** Traces packets with ovn-trace(8) on the real Southbound database. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { daemonEnvironment } from '../../../src/dev/ovn/daemon.ts';
import type { OvnCentral } from '../../../src/dev/ovn/central.ts';

const run = promisify(execFile);

/**
 * Traces the first packet of a connection, with at most `lookups` lookups in connection tracking.
 * @returns the output ports; empty when the packet is dropped
 * @throws Error when ovn-trace prints a warning, for example about a match in the database that it cannot parse
 */
export async function trace(
  { southbound }: OvnCentral,
  datapath: string,
  packet: string,
  { lookups = 2 }: { lookups?: number } = {},
): Promise<{ readonly outputs: readonly string[]; readonly text: string }> {
  const { stdout, stderr } = await run(
    'ovn-trace',
    [
      '--no-friendly-names',
      `--db=${southbound.remote}`,
      ...Array<string>(lookups).fill('--ct=new'),
      datapath,
      packet,
    ],
    { env: daemonEnvironment(southbound.dir) },
  );
  if (stderr !== '') throw new Error(`ovn-trace: ${stderr}`);
  const outputs = [...stdout.matchAll(/^\s*(?:\/\* output to "([^"]+)"|output to "([^"]+)")/gm)];
  return { outputs: outputs.map(([, a, b]) => a ?? b ?? ''), text: stdout };
}
