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
import { checkTlsFiles } from './tls-files.ts';

const options = settingOptions(agentSettings);

/** `overlay-network metadata-agent`: runs the metadata service of one hypervisor in the foreground until a signal. */
export const metadataAgent: Command = {
  help: `Serves 169.254.169.254 in Subnets with metadata: Enabled. Run the agent as root on each hypervisor, beside ovn-controller.
Takes each setting from the options, the OVERLAY_NETWORK_... variables, the file or the default, in this order of
precedence. On SIGTERM or SIGINT the agent completes the requests in progress and exits with status ${exitCodes.done}. It keeps the
network namespaces for the next start: until then, requests of VMs wait. When the agent is no longer needed on this
hypervisor, \`metadata-agent remove\` removes the network namespaces.

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
  const { config, warnings } = resolveAgentConfig(sources);
  checkTlsFiles(config);
  const log = createLog({ level: config.logLevel, stream: io.stderr });
  for (const warning of warnings) log.warn(warning);
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
