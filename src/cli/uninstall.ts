import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { candidate, leaseOf } from '../operator/candidate.ts';
import { resolveConfig } from '../config/index.ts';
import { releaseFinalizers } from '../controllers/index.ts';
import { silentLogger } from '../base/index.ts';
import { fromKubeconfig, RestClient } from '../reconcile/index.ts';
import { configOptions, describeOptions, parseOptions, wholeNumber, type Options } from './arguments.ts';
import { exitCodes, type Command } from './io.ts';
import { leaseRefusal } from './lease-refusal.ts';

const options = {
  wait: {
    type: 'string',
    value: 'SECONDS',
    help: 'how long to wait for the last operator to stop (default: 60)',
  },
  ...configOptions,
} as const satisfies Options;

const lostError = (reason: string): Error =>
  new Error(
    `The Lease was lost: ${reason}. Some finalizers may still exist. Remove the operator, check the connection to the ` +
      'API server, and run the command again',
  );

/** `overlay-network uninstall`: cleans up in Kubernetes after the operator is removed. */
export const uninstall: Command = {
  help: `Removes the operator's finalizers from all objects, so that the objects and their namespaces can be deleted without the
operator. Run this command after you remove the operator. The command waits until a running operator releases its Lease,
and holds the Lease while it works. It keeps the objects and the rows in OVN: the networks continue to work. An operator
that is installed later adds the finalizers again.

${describeOptions(options)}`,

  async run(args, io) {
    const { wait, ...rest } = parseOptions(args, options);
    const { config: file, ...flags } = rest as Readonly<Record<string, string | undefined>>;
    const { config, warnings } = resolveConfig({ file, env: io.env, flags });
    for (const warning of warnings) io.stderr.write(`overlay-network: ${warning}\n`);
    const waitMs = wholeNumber('wait', wait ?? '60', 1, 3600) * 1000;
    const client = new RestClient(await fromKubeconfig(config.kubeconfig));
    const lost = new AbortController();
    let failure: string | undefined;
    const elector = candidate(config, client, {
      identity: `uninstall_${hostname()}_${randomUUID()}`,
      onLost: (reason) => lost.abort(lostError(reason)),
      log: { ...silentLogger, warn: (_message, fields) => (failure = String(fields?.['error'])) },
    });
    const lease = leaseOf(config);
    try {
      await elector?.acquire(AbortSignal.any([io.signal, AbortSignal.timeout(waitMs)]));
      io.signal.throwIfAborted();
      if (elector?.isLeader === false && lease !== undefined)
        throw await leaseRefusal(client, lease, failure);
      const stop = AbortSignal.any([io.signal, lost.signal]);
      for (const [kind, count] of await releaseFinalizers(client, stop))
        io.stdout.write(
          `${kind}: removed the finalizer from ${count} ${count === 1 ? 'object' : 'objects'}\n`,
        );
      return exitCodes.done;
    } finally {
      await elector?.release();
      client.close();
    }
  },
};
