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
const closesSocket: Handler = (request) => request.socket.destroy();
const neverAnswers: Handler = () => undefined;

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

describe('PortClient', () => {
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

  describe('waitReady and waitBound', () => {
    it('continue to wait while the API server is unavailable', async () => {
      const away = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? answers(503) : closesSocket));
      api.answer(...away, answers(200, waiting), answers(200, ready));
      expect(await ports.waitReady(web)).toEqual(settings);
    });

    it('reject after the time-out with the reason: the condition of the Port or the error of the API server', async () => {
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

    it('reject after the time-out when the API server does not answer', async () => {
      api.answer(neverAnswers);
      await expect(ports.waitReady(web, { timeoutMs: 100 })).rejects.toMatchObject({
        code: 'NOT_READY',
        cause: expect.objectContaining({ name: 'ConnectionError', code: 'TIMEOUT' }),
      });
    });

    it.each([
      [
        'the request is forbidden',
        answers(403, { reason: 'Forbidden' }),
        expect.objectContaining({ code: 403 }),
      ],
      ['the Port does not exist', answers(404, { reason: 'NotFound' }), failed('GONE')],
      ['the Port is being deleted', answers(200, port({}, {}, { deletionTimestamp: 'x' })), failed('GONE')],
      [
        'the Port is Stalled',
        answers(200, port({}, { conditions: [condition('Stalled', 'True', 'INVALID_CIDR: no')] })),
        failed('STALLED'),
      ],
    ])('reject immediately when %s', async (_, answer, expected) => {
      api.answer(answer);
      await expect(ports.waitReady(web)).rejects.toEqual(expected);
    });

    it('reject immediately when the kubeconfig cannot be read', async () => {
      const broken = new PortClient(new RestClient(() => Promise.reject(new Error('no such file'))));
      await expect(broken.waitReady(web)).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });
    });

    it('ignore conditions of an older generation', async () => {
      const outdated = [condition('Ready', 'True', 'in effect'), condition('Stalled', 'True', 'never')];
      api.answer(
        answers(200, port({}, { ...settings, conditions: outdated }, { generation: 2 })),
        answers(200, ready),
      );
      expect(await ports.waitReady(web)).toEqual(settings);
      expect(api.seen).toHaveLength(2);
    });

    it('require the condition Bound in addition to the host', async () => {
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

  describe('abort signal', () => {
    const reason = new Error('the machine was deleted');

    it.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
      ['waitReady', (signal) => ports.waitReady(web, { signal })],
      ['waitBound', (signal) => ports.waitBound(web, 'hv1', { signal })],
      ['get', (signal) => ports.get(web, { signal })],
      ['createPort', (signal) => ports.createPort(web, {}, { signal })],
      ['attach', (signal) => ports.attach(web, { vmID: 'vm-1' }, { signal })],
      ['detach', (signal) => ports.detach(web, 'vm-1', { signal })],
      ['delete', (signal) => ports.delete(web, { signal })],
    ])('rejects %s with the reason of the signal, before and during the request', async (_, call) => {
      api.answer(neverAnswers);
      await expect(call(AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(api.seen).toEqual([]);
      const abort = new AbortController();
      api.answer(() => abort.abort(reason));
      await expect(call(abort.signal)).rejects.toBe(reason);
    });

    it('rejects a wait during the pause between two requests', async () => {
      const abort = new AbortController();
      api.answer(answers(200, waiting));
      const call = ports.waitReady(web, { signal: abort.signal });
      // After five requests the pauses are longer than the requests.
      await eventually(() => api.seen.length > 5);
      abort.abort(reason);
      await expect(call).rejects.toBe(reason);
    });
  });

  describe('createPort when the Port already exists', () => {
    const asked = {
      metadata: { sourceRef: { name: 'keys' } },
      adminState: undefined,
    } as unknown as Port['spec'];

    it('returns the existing Port when its spec is equal after the defaults of the schema', async () => {
      const found = port({ metadata: { sourceRef: { kind: 'Secret', name: 'keys' } } });
      api.answer(exists, answers(200, found));
      expect(await ports.createPort(web, asked)).toEqual(found);
    });

    it('rejects when the existing Port has another spec or is being deleted', async () => {
      const otherwise = port({ metadata: { sourceRef: { kind: 'ConfigMap', name: 'keys' } } });
      api.answer(exists, answers(200, otherwise));
      await expect(ports.createPort(web, asked)).rejects.toEqual(failed('EXISTS'));
      api.answer(exists, answers(200, port({}, {}, { deletionTimestamp: 'x' })));
      await expect(ports.createPort(web)).rejects.toEqual(failed('GONE'));
    });

    it('creates the Port when the existing one was deleted in the meantime', async () => {
      api.answer(exists, answers(404, { reason: 'NotFound' }), answers(201, port()));
      expect(await ports.createPort(web)).toEqual(port());
    });
  });

  it('rejects detach only when the machine is still attached', async () => {
    const attached = (vmID: string) => answers(200, port({ attachment: { vmID } }));
    api.answer(answers(422), attached('vm-2'));
    await ports.detach(web, 'vm-1');
    api.answer(answers(422), answers(404, { reason: 'NotFound' }));
    await ports.detach(web, 'vm-1');
    api.answer(answers(422), attached('vm-1'));
    await expect(ports.detach(web, 'vm-1')).rejects.toMatchObject({ name: 'ApiError', code: 422 });
  });

  it('deletes only the Port with the given UID', async () => {
    const bodies: unknown[] = [];
    const refuses: Handler = (_request, response, body) => {
      bodies.push(JSON.parse(body));
      json(response, 409, { reason: 'Conflict' });
    };
    api.answer(refuses, answers(200, port()));
    await ports.delete(web, { uid: 'another' });
    expect(bodies).toMatchObject([{ preconditions: { uid: 'another' } }]);
    api.answer(refuses, answers(200, port()));
    await expect(ports.delete(web)).rejects.toMatchObject({ name: 'ApiError', code: 409 });
  });

  it('rejects delete when the API server refuses to delete the Port with the given UID', async () => {
    api.answer(answers(409, { reason: 'Conflict' }), answers(200, port()));
    await expect(ports.delete(web, { uid: 'u' })).rejects.toMatchObject({ name: 'ApiError', code: 409 });
  });
});
