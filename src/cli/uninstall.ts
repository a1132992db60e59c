import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { candidate } from '../operator/candidate.ts';
import { loadConfig } from '../config/config.ts';
import { letAllGo } from '../controllers/index.ts';
import { silentLogger } from '../base/index.ts';
import { fromKubeconfig, RestClient } from '../reconcile/index.ts';
import { configOptions, describeOptions, parseOptions, wholeNumber, type Options } from './arguments.ts';
import { exitCodes, type Command } from './io.ts';

const options = {
  wait: {
    type: 'string',
    value: 'SECONDS',
    help: 'how long to wait for the last operator to end (default: 60)',
  },
  ...configOptions,
} as const satisfies Options;

/** `overlay-network uninstall`: what is left to do in Kubernetes when the operator is gone. */
export const uninstall: Command = {
  help: `Takes the operator's finalizers off all objects, so that they and their namespaces can be deleted without it. For
after the operator's last day: it holds the operator's Lease meanwhile, and waits for one that still runs. Objects stay,
and so do OVN's rows: the network runs on. An operator that is installed later puts the finalizers back.

${describeOptions(options)}`,

  async run(args, io) {
    const { wait, ...rest } = parseOptions(args, options);
    const { config: file, ...flags } = rest as Readonly<Record<string, string | undefined>>;
    const config = loadConfig({ file, env: io.env, flags });
    const waitMs = wholeNumber('wait', wait ?? '60', 1, 3600) * 1000;
    const client = new RestClient(await fromKubeconfig(config.kubeconfig));
    const lost = new AbortController();
    const elector = candidate(config, client, {
      identity: `uninstall_${hostname()}_${randomUUID()}`,
      onLost: () => lost.abort(),
      log: silentLogger,
    });
    try {
      await elector?.acquire(AbortSignal.any([io.signal, AbortSignal.timeout(waitMs)]));
      if (elector?.isLeader === false) {
        const holder = elector.holder ?? '';
        throw new Error(
          holder === ''
            ? 'the Lease could not be taken: see that this user may get, create and update Leases'
            : `an operator still runs (${holder} holds the Lease): remove it first, it would put the finalizers back`,
        );
      }
      for (const [kind, count] of await letAllGo(client)) io.stdout.write(`${kind}: ${count} let go\n`);
      return exitCodes.done;
    } finally {
      await elector?.release();
      client.close();
    }
  },
};
