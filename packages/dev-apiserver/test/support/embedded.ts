/** The embedded API server in this process, with a kubeconfig in a temporary folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer } from '../../src/index.ts';
import { writeKubeconfig, type RunningServer } from './running-server.ts';

/** Starts a server on a free loopback port. */
export async function startEmbedded(): Promise<RunningServer> {
  const server = await ApiServer.start();
  const folder = await mkdtemp(join(tmpdir(), 'overlay-embedded-apiserver-'));
  const { url, caCert, token } = server;
  return {
    url,
    caCert,
    token,
    kubeconfigPath: await writeKubeconfig(folder, { url, caCert, token }),
    compact: () => {
      server.compact();
      return Promise.resolve();
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    stop: async () => {
      try {
        await server.stop();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
