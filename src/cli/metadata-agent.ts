import { createLog } from '../process/log.ts';
import {
  agentSettings,
  openVSwitchOptions,
  removeAll,
  resolveAgentConfig,
  startMetadataAgent,
} from '../metadata/agent/index.ts';
import { describeOptions, parseOptions, settingOptions } from './arguments.ts';
import { followLogLevel } from './follow-log-level.ts';
import { exitCodes, untilAborted, type Command, type Io } from './io.ts';
import { checkTlsFiles } from './readable.ts';

const options = settingOptions(agentSettings);

/** `overlay-network metadata-agent`: the metadata service of one hypervisor in the foreground, until a signal ends it. */
export const metadataAgent: Command = {
  help: `Runs beside ovn-controller on each hypervisor, as root, and answers 169.254.169.254 in Subnets with metadata: Enabled.
Reads settings from defaults, then the file, then OVERLAY_NETWORK_... variables, then options; the last one wins.
SIGTERM and SIGINT answer what was asked and end with status ${exitCodes.done}. The network namespaces stay for the next start:
machines that ask meanwhile wait for it. \`metadata-agent remove\` removes them, when the agent is not to run here any more.

${describeOptions(options)}`,

  run([first, ...rest], io) {
    if (first === 'remove') return remove(rest, io);
    return serve(first === undefined ? [] : [first, ...rest], io);
  },
};

function sourcesOf(args: readonly string[], { env }: Io) {
  const { config: file, ...flags } = parseOptions(args, options) as Record<string, string | undefined>;
  return { file, env, flags };
}

async function serve(args: readonly string[], io: Io): Promise<number> {
  const sources = sourcesOf(args, io);
  const { config } = resolveAgentConfig(sources);
  checkTlsFiles(config);
  const log = createLog({ level: config.logLevel, stream: io.stderr });
  const unfollow = followLogLevel(sources, log, { resolve: resolveAgentConfig });
  const agent = await startMetadataAgent(config, log);
  log.info('started', { address: agent.address });
  const end = await Promise.race([
    untilAborted(io.signal).then(() => ({ reason: String(io.signal.reason), code: exitCodes.done })),
    agent.failed.then((reason) => ({ reason, code: exitCodes.failed })),
  ]);
  log.info('stopping', { reason: end.reason });
  await agent.stop();
  unfollow();
  log.info('stopped');
  return end.code;
}

async function remove(args: readonly string[], io: Io): Promise<number> {
  const { config } = resolveAgentConfig(sourcesOf(args, io));
  const removed = await removeAll(openVSwitchOptions(config));
  io.stdout.write(`Removed the network namespaces of ${removed.length} networks.\n`);
  return exitCodes.done;
}
