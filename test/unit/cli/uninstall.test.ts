import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { leaseRefusal } from '../../../src/cli/lease-refusal.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { releaseFinalizers } from '../../../src/controllers/index.ts';
import { ApiError, ConnectionError, type KubeClient } from '../../../src/reconcile/index.ts';
import { json, ScriptedApi } from '../../support/reconcile/scripted-api.ts';

const lease = { namespace: 'overlay-system', name: 'overlay-network' };
const refusal = async (answer: unknown, failure?: string) => {
  const get = () => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as never));
  return (await leaseRefusal({ get }, lease, failure)).message;
};

describe('a Lease that uninstall does not get', () => {
  it.each<[string, unknown, RegExp]>([
    [
      'an operator runs',
      { spec: { holderIdentity: 'pod-1' } },
      /^An operator still runs: pod-1 holds the Lease\. Remove the operator first/,
    ],
    [
      'the API server is not reachable',
      new ConnectionError('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', { sent: false }),
      /^Cannot reach the API server: connect ECONNREFUSED 127\.0\.0\.1:1\. Check the kubeconfig/,
    ],
    [
      'a permission is missing',
      new ApiError(403, { reason: 'Forbidden', message: 'leases is forbidden' }),
      /^Cannot acquire the Lease overlay-system\/overlay-network: leases is forbidden\. Grant this user the verbs/,
    ],
    [
      'the namespace does not exist',
      new ApiError(404, { reason: 'NotFound', message: 'not found' }),
      /^Cannot create the Lease overlay-system\/overlay-network: .*Set --leader-election-namespace/,
    ],
    [
      'the credentials are not valid',
      new ApiError(401, { reason: 'Unauthorized', message: 'Unauthorized' }),
      /^Cannot acquire the Lease .*: Unauthorized\. Correct the cause/,
    ],
    ['only the read is permitted', { spec: {} }, /: update is forbidden\. Grant this user the verbs/],
  ])('is reported with the cause if %s', async (_what, answer, message) => {
    expect(await refusal(answer, 'update is forbidden')).toMatch(message);
  });
});

describe('uninstall', () => {
  let folder: string;
  let api: ScriptedApi | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlay-uninstall-'));
  });
  afterEach(async () => {
    await api?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function uninstall(server: string) {
    const kubeconfig = join(folder, 'config');
    const cluster = { server, 'insecure-skip-tls-verify': true };
    await writeFile(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { token: 't' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const { signal } = new AbortController();
    const args = ['uninstall', `--kubeconfig=${kubeconfig}`, '--wait=1'];
    const code = await runProgram(args, { stdout, stderr, env: {}, signal });
    return { code, stderr: String(stderr.read() ?? '') };
  }

  it('reports an API server that is not reachable', async () => {
    expect(await uninstall('https://127.0.0.1:1')).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^overlay-network: Cannot reach the API server: .*ECONNREFUSED/),
    });
  }, 30_000);

  it('reports a missing permission', async () => {
    api = await ScriptedApi.start();
    api.answer((_request, response) => json(response, 403, { reason: 'Forbidden', message: 'no leases' }));
    expect(await uninstall(api.url)).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /Cannot acquire the Lease kube-system\/overlay-network: no leases\. Grant/,
      ),
    });
  }, 30_000);

  it('changes no further object after it lost the Lease', async () => {
    const lost = new AbortController();
    const patched: string[] = [];
    const metadata = { namespace: 'default', uid: 'u', resourceVersion: '1' };
    const named = (name: string) => ({
      metadata: { ...metadata, name, finalizers: ['network.plasmavmc.io/in-use'] },
    });
    const client = {
      list: () => Promise.resolve({ items: ['a', 'b', 'c'].map(named) }),
      patchJson: (_type: unknown, { name }: { name: string }) => {
        patched.push(name);
        lost.abort(new Error('The Lease was lost'));
        return Promise.resolve(named(name));
      },
    } as unknown as KubeClient;
    await expect(releaseFinalizers(client, lost.signal)).rejects.toThrow('The Lease was lost');
    expect(patched).toEqual(['a']);
  });
});
