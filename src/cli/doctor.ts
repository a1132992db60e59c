import { leaseOf } from '../operator/candidate.ts';
import { protectionOf } from '../config/endpoints.ts';
import { loadConfig } from '../config/config.ts';
import { networkSettings, rehearse } from '../controllers/index.ts';
import { examine, readCrds, type Finding } from '../doctor/index.ts';
import { fromKubeconfig, RestClient } from '../reconcile/index.ts';
import { configOptions, describeOptions, parseOptions, type Options } from './arguments.ts';
import { exitCodes, type Command } from './io.ts';

const options = {
  json: { type: 'boolean', help: 'print one JSON document' },
  sync: {
    type: 'boolean',
    help: 'also ask ovn-northd and every host how fast they follow: one write by each of them',
  },
  ...configOptions,
} as const satisfies Options;

/** How long a database is waited for, in ms. */
const WAIT_MS = 5_000;
/** How long ovn-northd and the hosts have to follow, in ms. */
const SYNC_MS = 10_000;

const signs = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' } as const;

/** `overlay-network doctor`: what is wrong with an installation, and what to do about it. */
export const doctor: Command = {
  help: `Looks at the API server, the custom resources, the operator's permissions and who leads, both databases of OVN, ovn-northd
and the hosts, and whether rows and objects belong together. Changes nothing, unless asked to. Takes the settings of the
operator in the same way; run as the same user to learn about its permissions. Ends with ${exitCodes.failed} when there is a problem.

${describeOptions(options)}`,

  async run(args, io) {
    const { json, sync, ...rest } = parseOptions(args, options);
    const { config: file, ...flags } = rest as Readonly<Record<string, string | undefined>>;
    const config = loadConfig({ file: file, env: io.env, flags });
    // Read when it is asked for: a kubeconfig that is of no use is a finding like any other.
    const source = async () => (await fromKubeconfig(config.kubeconfig))();
    const client = new RestClient(source, { timeoutMs: WAIT_MS });
    try {
      const findings = await examine({
        client,
        definitions: readCrds(),
        lease: leaseOf(config),
        cluster: config.clusterName,
        rehearse: (world) => rehearse({ ...world, settings: networkSettings(config) }),
        northbound: { ...protectionOf(config), timeoutMs: WAIT_MS, remotes: config.ovnNbEndpoint },
        southbound: { ...protectionOf(config), timeoutMs: WAIT_MS, remotes: config.ovnSbEndpoint },
        syncMs: sync === true ? SYNC_MS : undefined,
      });
      io.stdout.write(json === true ? `${JSON.stringify({ findings }, null, 2)}\n` : describe(findings));
      return findings.some(({ outcome }) => outcome === 'problem') ? exitCodes.failed : exitCodes.done;
    } finally {
      client.close();
    }
  },
};

const describe = (findings: readonly Finding[]): string =>
  findings
    .map(({ check, outcome, found, remedy }) => {
      const advice = remedy === undefined ? '' : `         What to do: ${remedy}\n`;
      return `${signs[outcome]}  ${check}: ${found}\n${advice}`;
    })
    .join('');
