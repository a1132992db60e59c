import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PortClient, type Port } from '../../../src/plasmavmc/index.ts';
import { RestClient } from '../../../src/reconcile/index.ts';
import { eventually } from '../../support/eventually.ts';
import { json, ScriptedApi, type Handler } from '../../support/reconcile/scripted-api.ts';

const web = { namespace: 'default', name: 'web' };
const failed = (code: string) => expect.objectContaining({ name: 'PortError', code });
const answers =
  (code: number, body: unknown = {}): Handler =>
  (_request, response) =>
    json(response, code, body);
const exists = answers(409, { reason: 'AlreadyExists' });
const hangsUp: Handler = (request) => request.socket.destroy();
const isSilent: Handler = () => undefined;

const condition = (type: string, status: 'True' | 'False', message: string, observedGeneration = 1) => ({
  ...{ type, status, message, observedGeneration },
  ...{ reason: 'Because', lastTransitionTime: '2030-01-01T00:00:00Z' },
});
const settings = { interfaceID: 'u', macAddress: '0a:00:00:00:00:01', ipAddress: '10.1.1.2', mtu: 1442 };
const port = (spec: object = {}, status: object = {}, metadata: object = {}) => ({
  metadata: { ...web, uid: 'u', generation: 1, ...metadata },
  spec: { subnetRef: { name: 'default' }, adminState: 'Up', ...spec } as unknown as Port['spec'],
  status,
});
const waiting = port({}, { conditions: [condition('Ready', 'False', 'SUBNET_NOT_FOUND: there is none')] });
const ready = port({}, { ...settings, conditions: [condition('Ready', 'True', 'The object is in effect.')] });

describe('a VM manager', () => {
  let api: ScriptedApi;
  let ports: PortClient;

  beforeEach(async () => {
    api = await ScriptedApi.start();
    const backoff = { baseMs: 1, maxMs: 5 };
    ports = new PortClient(
      new RestClient(() => Promise.resolve({ server: api.url, tls: {}, headers: {} }), { backoff }),
    );
  });
  afterEach(async () => {
    ports.close();
    await api.stop();
  });

  describe('that waits', () => {
    it('waits on when the API server is away for a while', async () => {
      const away = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? answers(503) : hangsUp));
      api.answer(...away, answers(200, waiting), answers(200, ready));
      expect(await ports.waitReady(web)).toEqual(settings);
    });

    it('is told in the end why: what the Port lacks, or that nobody could be asked', async () => {
      api.answer(answers(200, waiting));
      await expect(ports.waitReady(web, { timeoutMs: 100 })).rejects.toMatchObject({
        code: 'NOT_READY',
        message: 'Port default/web: SUBNET_NOT_FOUND: there is none',
      });
      api.answer(answers(503, { message: 'etcd is away' }));
      await expect(ports.waitBound(web, 'hv1', { timeoutMs: 100 })).rejects.toMatchObject({
        code: 'NOT_BOUND',
        message: 'Port default/web: etcd is away',
        cause: expect.objectContaining({ name: 'ApiError', code: 503 }),
      });
    });

    it('gives up in time when the API server does not answer', async () => {
      api.answer(isSilent);
      await expect(ports.waitReady(web, { timeoutMs: 100 })).rejects.toMatchObject({
        code: 'NOT_READY',
        cause: expect.objectContaining({ name: 'ConnectionError', code: 'TIMEOUT' }),
      });
    });

    it.each([
      ['is refused', answers(403, { reason: 'Forbidden' }), expect.objectContaining({ code: 403 })],
      ['has no Port', answers(404, { reason: 'NotFound' }), failed('GONE')],
      [
        'has a Port that is being deleted',
        answers(200, port({}, {}, { deletionTimestamp: 'x' })),
        failed('GONE'),
      ],
      [
        'has a Port that never mends by itself',
        answers(200, port({}, { conditions: [condition('Stalled', 'True', 'INVALID_CIDR: no')] })),
        failed('STALLED'),
      ],
    ])('does not wait when it %s', async (_, answer, expected) => {
      api.answer(answer);
      await expect(ports.waitReady(web)).rejects.toEqual(expected);
    });

    it('does not wait for a kubeconfig to become right', async () => {
      const broken = new PortClient(new RestClient(() => Promise.reject(new Error('no such file'))));
      await expect(broken.waitReady(web)).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });
    });

    it('takes no word for a spec that has changed since', async () => {
      const outdated = [condition('Ready', 'True', 'in effect'), condition('Stalled', 'True', 'never')];
      api.answer(
        answers(200, port({}, { ...settings, conditions: outdated }, { generation: 2 })),
        answers(200, ready),
      );
      expect(await ports.waitReady(web)).toEqual(settings);
      expect(api.seen).toHaveLength(2);
    });

    it('takes no host for one that has the interface up no more', async () => {
      const isBound = (status: 'True' | 'False') => [condition('Bound', status, '')];
      api.answer(
        answers(200, port({}, { boundHost: 'hv1', conditions: isBound('False') })),
        answers(200, port({}, { boundHost: 'hv2', conditions: isBound('True') })),
        answers(200, port({}, { boundHost: 'hv1', conditions: isBound('True') })),
      );
      await ports.waitBound(web, 'hv1');
      expect(api.seen).toHaveLength(3);
    });
  });

  describe('that loses interest', () => {
    const reason = new Error('the machine is not wanted any more');

    it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
      ['waiting for Ready', (signal) => ports.waitReady(web, { signal })],
      ['waiting for a host', (signal) => ports.waitBound(web, 'hv1', { signal })],
      ['looking', (signal) => ports.get(web, { signal })],
      ['creating', (signal) => ports.createPort(web, {}, { signal })],
      ['attaching', (signal) => ports.attach(web, { vmID: 'vm-1' }, { signal })],
      ['detaching', (signal) => ports.detach(web, 'vm-1', { signal })],
      ['deleting', (signal) => ports.delete(web, { signal })],
    ])('%s, is told its own reason, before and while it is under way', async (_, call) => {
      api.answer(isSilent);
      await expect(call(AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(api.seen).toEqual([]);
      const abort = new AbortController();
      api.answer(() => abort.abort(reason));
      await expect(call(abort.signal)).rejects.toBe(reason);
    });

    it('between two looks, need not wait for the next', async () => {
      const abort = new AbortController();
      api.answer(answers(200, waiting));
      const call = ports.waitReady(web, { signal: abort.signal });
      // The pauses have become longer than the looks.
      await eventually(() => api.seen.length > 5);
      abort.abort(reason);
      await expect(call).rejects.toBe(reason);
    });
  });

  describe('that creates a Port which is there already', () => {
    const asked = {
      metadata: { sourceRef: { name: 'keys' } },
      adminState: undefined,
    } as unknown as Port['spec'];

    it('gets it, when it says the same with the defaults of the schema', async () => {
      const found = port({ metadata: { sourceRef: { kind: 'Secret', name: 'keys' } } });
      api.answer(exists, answers(200, found));
      expect(await ports.createPort(web, asked)).toEqual(found);
    });

    it('does not get one that is otherwise, or about to go', async () => {
      const otherwise = port({ metadata: { sourceRef: { kind: 'ConfigMap', name: 'keys' } } });
      api.answer(exists, answers(200, otherwise));
      await expect(ports.createPort(web, asked)).rejects.toEqual(failed('EXISTS'));
      api.answer(exists, answers(200, port({}, {}, { deletionTimestamp: 'x' })));
      await expect(ports.createPort(web)).rejects.toEqual(failed('GONE'));
    });

    it('creates it when it has gone in the meantime', async () => {
      api.answer(exists, answers(404, { reason: 'NotFound' }), answers(201, port()));
      expect(await ports.createPort(web)).toEqual(port());
    });
  });

  it('hears of it when a detachment is refused, and not when there is nothing to detach', async () => {
    const attached = (vmID: string) => answers(200, port({ attachment: { vmID } }));
    api.answer(answers(422), attached('vm-2'));
    await ports.detach(web, 'vm-1');
    api.answer(answers(422), answers(404));
    await ports.detach(web, 'vm-1');
    api.answer(answers(422), attached('vm-1'));
    await expect(ports.detach(web, 'vm-1')).rejects.toMatchObject({ name: 'ApiError', code: 422 });
  });

  it('deletes the Port that it means, and no namesake', async () => {
    const bodies: unknown[] = [];
    api.answer((_request, response, body) => {
      bodies.push(JSON.parse(body));
      json(response, 409, { reason: 'Conflict' });
    });
    await ports.delete(web, { uid: 'u' });
    expect(bodies).toMatchObject([{ preconditions: { uid: 'u' } }]);
    await expect(ports.delete(web)).rejects.toMatchObject({ name: 'ApiError', code: 409 });
  });
});
