import { startDevCluster } from '../cluster.ts';
import type { DevCluster } from '../cluster.ts';
import { labProblem, LabError, MAX_HYPERVISORS, startLab, startMetadataAgents } from '../lab/index.ts';
import type { LabOptions, Tunnel } from '../lab/index.ts';
import { describeOptions, parseOptions, wholeNumber } from '../../cli/arguments.ts';
import { startDevOperator } from './operator.ts';
import { devVm, devVmHelp } from './vm.ts';
import { exitCodes, UsageError, untilAborted } from '../../cli/io.ts';
import type { Command } from '../../cli/io.ts';
import { Progress } from '../../cli/progress.ts';
import { shellLines } from './shell-lines.ts';

const options = {
  dir: { type: 'string', value: 'DIR', help: 'folder for all files (default: a temporary folder)' },
  port: {
    type: 'string',
    value: 'PORT',
    help: 'port of the API server on 127.0.0.1 (default: any free port)',
  },
  'keep-files': { type: 'boolean', help: 'keep databases and logs in the folder when the cluster stops' },
  'no-operator': { type: 'boolean', help: 'start only the cluster; you start the operator yourself' },
  hypervisors: {
    type: 'string',
    value: 'N',
    help: 'also start a lab: N hypervisors for VMs, as network namespaces (needs root on Linux)',
  },
  tunnel: {
    type: 'string',
    value: 'TUNNEL',
    help: 'tunnel protocol between hypervisors: geneve (default) or vxlan',
  },
} as const;

/**
 * `overlay-network dev`: runs a development cluster with the operator until Ctrl-C. `overlay-network dev vm`: manages
 * the VMs of its lab.
 */
export const dev: Command = {
  help: `Starts a development cluster and runs it until Ctrl-C: an API server in this process, OVN's databases,
ovn-northd and the operator. It is for development only.
It listens on 127.0.0.1 and on unix sockets only. It keeps its state in memory and removes its files when it stops.
It needs OVN's programs; \`npm run setup\` installs them as root on Debian and Ubuntu.
In a checkout, start it with \`npm run dev -- OPTIONS\`. It then prints an alias for \`overlay-network\`.

${describeOptions(options)}

${devVmHelp}`,

  async run([first, ...rest], io) {
    if (first === 'vm') return devVm(rest, io);
    const given = parseOptions(first === undefined ? [] : [first, ...rest], options);
    const lab = labOptions(given);
    const progress = new Progress(io.stdout);
    const cluster = await progress.step('Starting the development cluster', () =>
      startDevCluster({
        ...(given.dir === undefined ? {} : { dir: given.dir }),
        ...(given.port === undefined ? {} : { port: wholeNumber('port', given.port, 0, 65535) }),
        keep: given['keep-files'] ?? false,
      }),
    );
    const stops = [() => cluster.stop()];
    const stop = async (): Promise<void> => {
      for (let next = stops.pop(); next !== undefined; next = stops.pop()) await next();
    };
    try {
      if (lab !== undefined) {
        const running = await progress.step(`Starting ${lab.hypervisors} hypervisors`, () =>
          startLab(cluster, lab),
        );
        stops.push(() => running.stop());
        const agents = await startMetadataAgents(running, cluster);
        stops.push(() => agents.stop());
      }
      const operator = given['no-operator']
        ? undefined
        : await progress.step('Starting the operator', () =>
            startDevOperator(cluster, {
              level: 'info',
              stream: io.stderr,
              signal: io.signal,
              settings: { 'underlay-tunnel': lab?.tunnel ?? 'geneve' },
            }),
          );
      if (operator !== undefined) stops.push(() => operator.stop());
      io.stdout.write(greeting(cluster, lab));
      const code = await Promise.race([
        untilAborted(io.signal).then(() => exitCodes.done),
        ...(operator === undefined ? [] : [operator.failed.then(() => exitCodes.failed)]),
      ]);
      io.stdout.write('\n');
      await progress.step('Stopping', stop);
      return code;
    } finally {
      await stop();
    }
  },
};

/**
 * The options of the lab; undefined without `--hypervisors`.
 * @throws UsageError when an option is invalid
 * @throws LabError LAB_UNAVAILABLE when this machine cannot run a lab
 */
function labOptions(given: { hypervisors?: string; tunnel?: string }): LabOptions | undefined {
  const { hypervisors, tunnel = 'geneve' } = given;
  if (!isTunnel(tunnel)) throw new UsageError(`--tunnel must be geneve or vxlan, not ${tunnel}`);
  if (hypervisors === undefined) {
    if (given.tunnel !== undefined) throw new UsageError('--tunnel needs --hypervisors');
    return undefined;
  }
  const count = wholeNumber('hypervisors', hypervisors, 1, MAX_HYPERVISORS);
  const problem = labProblem();
  if (problem !== undefined) throw new LabError('LAB_UNAVAILABLE', problem);
  return { hypervisors: count, tunnel };
}

const isTunnel = (text: string): text is Tunnel => text === 'geneve' || text === 'vxlan';

function greeting({ kubeconfig, ovn }: DevCluster, lab: LabOptions | undefined): string {
  const vmCommands = `  overlay-network dev vm create web --port server
  overlay-network dev vm create shell --port shell --subnet apps
  overlay-network dev vm exec shell -- ping -c 3 10.10.1.1
  overlay-network verify
`;
  return `
This cluster is for development: it listens on loopback only and keeps its state in memory.
To use it, run in another terminal:

${shellLines(kubeconfig)}

  kubectl apply -f examples/quickstart.yaml
  ovn-nbctl --db=${ovn.northbound.remote} show
${lab === undefined ? '' : vmCommands}
Press Ctrl-C here to stop it.
`;
}
