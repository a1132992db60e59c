/** What OVN would do with a packet, by ovn-trace(8) on the real Southbound database. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { daemonEnvironment } from '../../../src/dev/ovn/daemon.ts';
import type { OvnCentral } from '../../../src/dev/ovn/central.ts';

const run = promisify(execFile);

/**
 * Traces a new connection's packet, which connection tracking is asked about at most `lookups` times on its way. Gives
 * the ports that it leaves by; none: it was dropped.
 *
 * @throws Error when ovn-trace complains, as it does about every match in the database that it cannot parse.
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
