import { startDevCluster } from '../cluster.ts';
import type { DevCluster } from '../cluster.ts';
import { labProblem, LabError, MOST_HYPERVISORS, startLab, startMetadataAgents } from '../lab/index.ts';
import type { LabOptions, Tunnel } from '../lab/index.ts';
import { describeOptions, parseOptions, wholeNumber } from '../../cli/arguments.ts';
import { startDevOperator } from './operator.ts';
import { devVm, devVmHelp } from './vm.ts';
import { exitCodes, UsageError, untilAborted } from '../../cli/io.ts';
import type { Command } from '../../cli/io.ts';
import { Progress } from '../../cli/progress.ts';
import { shellLines } from './shell-lines.ts';

const options = {
  dir: { type: 'string', value: 'DIR', help: 'folder for everything (default: a temporary one)' },
  port: {
    type: 'string',
    value: 'PORT',
    help: 'port of the API server on 127.0.0.1 (default: any that is free)',
  },
  'keep-files': { type: 'boolean', help: 'leave databases and logs in the folder at the end' },
  'no-operator': { type: 'boolean', help: 'only the cluster, for an operator that runs elsewhere' },
  hypervisors: {
    type: 'string',
    value: 'N',
    help: 'a lab: N hypervisors for VMs, as network namespaces (root on Linux)',
  },
  tunnel: { type: 'string', value: 'TUNNEL', help: 'between hypervisors, geneve (default) or vxlan' },
} as const;

/** `overlay-network dev`: a development cluster with the operator in it, until Ctrl-C; `dev vm`: machines in its lab. */
export const dev: Command = {
  help: `For development only: an API server in this process, OVN's databases and ovn-northd beside it, and the operator.
It listens on 127.0.0.1 and unix sockets, and keeps its state in memory: nothing is left when it stops.
Needs OVN's programs (\`npm run setup\` installs them where it can).

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

/** What the lab is to be, if one is wanted. @throws UsageError; LabError where there can be none */
function labOptions(given: { hypervisors?: string; tunnel?: string }): LabOptions | undefined {
  const { hypervisors, tunnel = 'geneve' } = given;
  if (!isTunnel(tunnel)) throw new UsageError(`--tunnel must be geneve or vxlan, not ${tunnel}`);
  if (hypervisors === undefined) {
    if (given.tunnel !== undefined) throw new UsageError('--tunnel is of use only with --hypervisors');
    return undefined;
  }
  const count = wholeNumber('hypervisors', hypervisors, 1, MOST_HYPERVISORS);
  const problem = labProblem();
  if (problem !== undefined) throw new LabError('LAB_UNAVAILABLE', problem);
  return { hypervisors: count, tunnel };
}

const isTunnel = (text: string): text is Tunnel => text === 'geneve' || text === 'vxlan';

function greeting({ kubeconfig, ovn }: DevCluster, lab: LabOptions | undefined): string {
  const machines = `  overlay-network dev vm create web --port server
  overlay-network dev vm create shell --port shell --subnet apps
  overlay-network dev vm exec shell -- ping -c 3 10.10.1.1
  overlay-network verify
`;
  return `
This cluster is for development: loopback only, everything in memory. In another terminal:

${shellLines(kubeconfig)}

  kubectl apply -f examples/quickstart.yaml
  ovn-nbctl --db=${ovn.northbound.remote} show
${lab === undefined ? '' : machines}
Ctrl-C stops it.
`;
}
