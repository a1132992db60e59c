import { resolveConfig } from '../config/index.ts';
import { createLog } from '../process/log.ts';
import { startOperator } from '../operator/operator.ts';
import { configOptions, describeOptions, parseOptions } from './arguments.ts';
import { followLogLevel } from './follow-log-level.ts';
import { exitCodes, untilAborted } from './io.ts';
import type { Command } from './io.ts';
import { checkTlsFiles } from './tls-files.ts';

/** `overlay-network run`: runs the operator in the foreground until a signal stops it. */
export const run: Command = {
  help: `Takes each setting from the options, the OVERLAY_NETWORK_... variables, the file or the default, in this order of
precedence. On SIGTERM or SIGINT the operator completes the reconciles in progress and exits with status ${exitCodes.done}.

${describeOptions(configOptions)}`,

  async run(args, io) {
    const { config: file, ...flags } = parseOptions(args, configOptions) as Record<
      string,
      string | undefined
    >;
    const sources = { file, env: io.env, flags };
    const { config, warnings } = resolveConfig(sources);
    checkTlsFiles(config);
    const log = createLog({ level: config.logLevel, stream: io.stderr });
    for (const warning of warnings) log.warn(warning);
    const unfollow = followLogLevel(sources, log);
    const operator = await startOperator(config, log);
    const end = await Promise.race([
      untilAborted(io.signal).then(() => ({ reason: String(io.signal.reason), code: exitCodes.done })),
      operator.failed.then((reason) => ({ reason, code: exitCodes.failed })),
      startFailed(operator.ready).then((reason) => ({ reason, code: exitCodes.failed })),
    ]);
    log.info('stopping', { reason: end.reason });
    await operator.stop();
    unfollow();
    log.info('stopped');
    return end.code;
  },
};

/** Resolves with the reason when `ready` rejects; otherwise never settles. */
const startFailed = (ready: Promise<void>): Promise<string> =>
  new Promise((resolve) => {
    ready.catch((error: unknown) => resolve((error as Error).message));
  });
