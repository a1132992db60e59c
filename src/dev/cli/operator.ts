import { loadConfig } from '../../config/index.ts';
import type { LogLevel } from '../../process/log.ts';
import type { DevCluster } from '../cluster.ts';
import { createLog } from '../../process/log.ts';
import { startOperator } from '../../operator/operator.ts';
import type { Operator } from '../../operator/operator.ts';
import { untilAborted } from '../../cli/io.ts';
import type { Output } from '../../cli/io.ts';

/** An operator that runs in this process and serves a development cluster. */
type DevOperator = Pick<Operator, 'failed' | 'stop'>;

/**
 * Starts the operator in this process for a development cluster; resolves when its controllers run. When the start
 * fails or `signal` aborts, the operator is stopped before the promise rejects.
 */
export async function startDevOperator(
  cluster: Pick<DevCluster, 'kubeconfig' | 'ovn'>,
  options: {
    readonly level: LogLevel;
    readonly stream: Output & NodeJS.WritableStream;
    readonly signal: AbortSignal;
    /** Further settings; the keys are flags without the dashes. */
    readonly settings?: Readonly<Record<string, string>>;
  },
): Promise<DevOperator> {
  const config = loadConfig({
    flags: {
      kubeconfig: cluster.kubeconfig,
      'ovn-nb-endpoint': cluster.ovn.northbound.remote,
      'ovn-sb-endpoint': cluster.ovn.southbound.remote,
      'leader-election-enabled': 'false',
      'listen-addr': '0',
      ...options.settings,
    },
  });
  const { level, stream, signal } = options;
  const operator = await startOperator(config, createLog({ level, stream, format: 'text' }));
  try {
    await Promise.race([operator.ready, untilAborted(signal)]);
    signal.throwIfAborted();
    return operator;
  } catch (error) {
    await operator.stop();
    throw error;
  }
}
