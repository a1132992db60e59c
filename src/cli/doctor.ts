import { leaseOf } from '../operator/candidate.ts';
import { ovsdbTimesOf, protectionOf, resolveConfig } from '../config/index.ts';
import { networkSettings, rehearse } from '../controllers/index.ts';
import { examine, readCrds, type Finding } from '../doctor/index.ts';
import { fromKubeconfig, RestClient } from '../reconcile/index.ts';
import { configOptions, describeOptions, parseOptions, type Options } from './arguments.ts';
import { exitCodes, type Command } from './io.ts';

const options = {
  json: { type: 'boolean', help: 'print one JSON document' },
  sync: {
    type: 'boolean',
    help: 'also measure how fast ovn-northd and each host apply a change; each of them writes once',
  },
  ...configOptions,
} as const satisfies Options;

/** Timeout for the API server and for each database, in ms. */
const TIMEOUT_MS = 5_000;
/** Timeout for ovn-northd and the hosts to apply the change of `--sync`, in ms. */
const SYNC_TIMEOUT_MS = 10_000;

const labels = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' } as const;

/** `overlay-network doctor`: reports the problems of an installation and their remedies. */
export const doctor: Command = {
  help: `Checks the API server, the custom resources, the operator's permissions, the leader, both OVN databases, ovn-northd, the
hosts, and whether the rows in OVN match the objects. Changes nothing, except with --sync. Takes the operator's settings
from the same sources as the operator. To check the operator's permissions, run the command as the operator's user.
Exits with status ${exitCodes.failed} when it finds a problem.

${describeOptions(options)}`,

  async run(args, io) {
    const { json, sync, ...rest } = parseOptions(args, options);
    const { config: file, ...flags } = rest as Readonly<Record<string, string | undefined>>;
    const { config, warnings } = resolveConfig({ file, env: io.env, flags });
    for (const warning of warnings) io.stderr.write(`overlay-network: ${warning}\n`);
    const ovsdb = { ...protectionOf(config), ...ovsdbTimesOf(config), timeoutMs: TIMEOUT_MS };
    // The client reads the kubeconfig at its first request, so that an invalid kubeconfig becomes a finding.
    const source = async () => (await fromKubeconfig(config.kubeconfig))();
    const client = new RestClient(source, { timeoutMs: TIMEOUT_MS });
    try {
      const findings = await examine({
        client,
        definitions: readCrds(),
        lease: leaseOf(config),
        cluster: config.clusterName,
        adopt: config.adopt,
        reviewsTokens: config.listenAddr !== '0' && config.metricsAuthentication === 'kubernetes',
        rehearse: (world) => rehearse({ ...world, settings: networkSettings(config) }),
        northbound: { ...ovsdb, remotes: config.ovnNbEndpoint },
        southbound: { ...ovsdb, remotes: config.ovnSbEndpoint },
        syncMs: sync === true ? SYNC_TIMEOUT_MS : undefined,
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
      return `${labels[outcome]}  ${check}: ${found}\n${advice}`;
    })
    .join('');
