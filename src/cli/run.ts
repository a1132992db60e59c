import { loadConfig } from '../config/config.ts';
import { createLog } from '../process/log.ts';
import { startOperator } from '../operator/operator.ts';
import { configOptions, describeOptions, parseOptions } from './arguments.ts';
import { followLogLevel } from './follow-log-level.ts';
import { exitCodes, untilAborted } from './io.ts';
import type { Command } from './io.ts';
import { checkTlsFiles } from './readable.ts';

/** `overlay-network run`: the operator in the foreground, until a signal ends it in an orderly way. */
export const run: Command = {
  help: `Reads settings from defaults, then the file, then OVERLAY_NETWORK_... variables, then options; the last one wins.
SIGTERM and SIGINT drain the work under way and end with status ${exitCodes.done}.

${describeOptions(configOptions)}`,

  async run(args, io) {
    const { config: file, ...flags } = parseOptions(args, configOptions) as Record<
      string,
      string | undefined
    >;
    const sources = { file, env: io.env, flags };
    const config = loadConfig(sources);
    checkTlsFiles(config);
    const log = createLog({ level: config.logLevel, stream: io.stderr });
    const unfollow = followLogLevel(sources, log);
    const operator = await startOperator(config, log);
    const end = await Promise.race([
      untilAborted(io.signal).then(() => ({ reason: String(io.signal.reason), code: exitCodes.done })),
      operator.failed.then((reason) => ({ reason, code: exitCodes.failed })),
      startingFailed(operator.ready).then((reason) => ({ reason, code: exitCodes.failed })),
    ]);
    log.info('stopping', { reason: end.reason });
    await operator.stop();
    unfollow();
    log.info('stopped');
    return end.code;
  },
};

/** Resolves with the reason when `ready` rejects, and never when it resolves. */
const startingFailed = (ready: Promise<void>): Promise<string> =>
  new Promise((resolve) => {
    ready.catch((error: unknown) => resolve((error as Error).message));
  });
