import { beforeEach, describe, expect, it } from '@jest/globals';
import { MetadataService } from '../../../../src/metadata/agent/service.ts';
import type { LocalNetwork } from '../../../../src/metadata/agent/view.ts';
import { ApiError, ConnectionError, type KubeObject } from '../../../../src/reconcile/index.ts';
import { RecordingLog } from '../../../support/reconcile/recording-log.ts';
import { port, web1 } from '../support.ts';

const subnet = '11111111-1111-4111-8111-111111111111';
const address = web1.ipAddress;

const local = {
  namespace: web1.namespace,
  name: web1.portName,
  uid: web1.portUid,
  subnetUid: subnet,
  macAddress: web1.macAddress,
};

describe('the metadata service', () => {
  /** The objects of the API server, by `kind namespace/name`. */
  let objects: Map<string, unknown>;
  let reads: string[];
  let networks: ReadonlyMap<string, LocalNetwork> | undefined;
  let log: RecordingLog;
  let now: number;
  let service: MetadataService;

  const networkWith = (ports: LocalNetwork['ports']): ReadonlyMap<string, LocalNetwork> =>
    new Map([[subnet, { subnetUid: subnet, interfaceId: 'x', macAddress: '0a:00:00:00:00:fe', ports }]]);
  const ask = async (path: string, from = address, inSubnet = subnet, headers = {}) => {
    const { status, body } = await service.respond(inSubnet, from, { method: 'GET', path, headers });
    return { status, body: body.toString() };
  };
  const id = '/latest/meta-data/instance-id';
  const warnings = () => log.lines.filter(({ level }) => level === 'warn');

  beforeEach(() => {
    const spec = { attachment: { vmID: 'vm-1' }, metadata: { sourceRef: { kind: 'Secret', name: 'init' } } };
    objects = new Map<string, unknown>([
      ['Port team-a/web-1', port(spec)],
      ['Secret team-a/init', { data: { 'user-data': Buffer.from('secret').toString('base64') } }],
    ]);
    reads = [];
    networks = networkWith(new Map([[address, local]]));
    log = new RecordingLog();
    now = 0;
    service = new MetadataService({
      networks: () => networks,
      log,
      now: () => now,
      client: {
        get: <T extends KubeObject>(type: { kind: string }, ref: { namespace?: string; name: string }) => {
          const key = `${type.kind} ${ref.namespace}/${ref.name}`;
          reads.push(key);
          const found = objects.get(key);
          if (found instanceof Error) return Promise.reject(found);
          return found === undefined
            ? Promise.reject(new ApiError(404, { reason: 'NotFound' }))
            : Promise.resolve(found as T);
        },
      },
    });
  });

  it('answers the Port that has the address in the network', async () => {
    expect(await ask(id)).toEqual({ status: 200, body: 'vm-1' });
    expect(await ask('/latest/user-data')).toEqual({ status: 200, body: 'secret' });
    expect(warnings()).toEqual([]);
  });

  it('reads a Port and its Secret at most once a second, by their names', async () => {
    await Promise.all([ask(id), ask(id), ask('/latest/user-data')]);
    now = 999;
    await ask(id);
    expect(reads).toEqual(['Port team-a/web-1', 'Secret team-a/init']);
    now = 1000;
    await ask(id);
    expect(reads).toHaveLength(4);
  });

  it('caches a failed read for the same time', async () => {
    objects.set('Port team-a/web-1', new ConnectionError('ECONNREFUSED', 'no answer', { sent: false }));
    expect(await ask(id)).toMatchObject({ status: 503 });
    expect(await ask(id)).toMatchObject({ status: 503 });
    expect(reads).toHaveLength(1);
  });

  it.each([
    ['an address that no Port there has', () => ask(id, '10.10.1.99'), 'ADDRESS_UNKNOWN'],
    ['another network', () => ask(id, address, '22222222-2222-4222-8222-222222222222'), 'ADDRESS_UNKNOWN'],
    ['an unknown address', () => ask(id, ''), 'ADDRESS_UNKNOWN'],
  ])('answers 404 to %s', async (_, asked, code) => {
    expect(await asked()).toEqual({ status: 404, body: 'No metadata for this address.\n' });
    expect(reads).toEqual([]);
    expect(warnings()).toMatchObject([
      { message: 'refused a request: the sender is not a known Port', code },
    ]);
  });

  it('answers 404 to a Port in the network that belongs to another Subnet', async () => {
    networks = networkWith(new Map([[address, { ...local, subnetUid: 'another' }]]));
    expect(await ask(id)).toMatchObject({ status: 404 });
    expect(reads).toEqual([]);
  });

  it.each([
    ['does not exist in the API', () => undefined, 'PORT_GONE'],
    [
      'was deleted and created again with the same name',
      () => ({ ...port(), metadata: { ...port().metadata, uid: 'new' } }),
      'PORT_GONE',
    ],
    [
      'is being deleted',
      () => ({ ...port(), metadata: { ...port().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      'PORT_GONE',
    ],
    ['has another address in the API', () => port({}, { ipAddress: '10.10.1.12' }), 'PORT_DIFFERS'],
    ['has another MAC address', () => port({}, { macAddress: '0a:00:00:00:00:99' }), 'PORT_DIFFERS'],
    ['has no address yet', () => port({}, { ipAddress: undefined }), 'PORT_DIFFERS'],
    ['has no prefix length yet', () => port({}, { prefixLength: undefined }), 'PORT_DIFFERS'],
  ])('answers 404 to a Port that %s', async (_, object, code) => {
    objects.set('Port team-a/web-1', object());
    expect(await ask(id)).toEqual({ status: 404, body: 'No metadata for this address.\n' });
    expect(warnings()).toMatchObject([
      { message: 'refused a request: the sender is not a known Port', port: 'web-1', code },
    ]);
  });

  it('answers 503 while the networks are unknown', async () => {
    networks = undefined;
    expect(await ask(id)).toMatchObject({ status: 503 });
  });

  it('answers 503 for user data that it may not read, logs the missing permission, and serves the other documents', async () => {
    objects.set('Secret team-a/init', new ApiError(403, { reason: 'Forbidden' }));
    expect(await ask('/latest/user-data')).toMatchObject({ status: 503 });
    expect(await ask(id)).toMatchObject({ status: 200, body: 'vm-1' });
    expect(warnings()).toEqual([
      expect.objectContaining({
        port: 'web-1',
        code: 'METADATA_SOURCE_FORBIDDEN',
        error: expect.stringMatching(/Secret team-a\/init.*Role.*secrets.*resourceNames/),
      }),
    ]);
  });

  it('answers 503 for all documents when the read of the Secret fails for another reason', async () => {
    objects.set('Secret team-a/init', new ApiError(500, { reason: 'InternalError' }));
    expect(await ask(id)).toMatchObject({ status: 503 });
  });

  it('serves the data and the binary data of a ConfigMap', async () => {
    objects.set('Port team-a/web-1', port({ metadata: { sourceRef: { kind: 'ConfigMap', name: 'init' } } }));
    objects.set('ConfigMap team-a/init', {
      data: { 'ssh-authorized-keys': 'ssh-ed25519 AAAA ü' },
      binaryData: { 'user-data': Buffer.from([0x1f, 0x8b, 0, 0xff]).toString('base64') },
    });
    expect(await ask('/latest/meta-data/public-keys/0/openssh-key')).toMatchObject({
      body: 'ssh-ed25519 AAAA ü',
    });
    const { body } = await service.respond(subnet, address, {
      method: 'GET',
      path: '/latest/user-data',
      headers: {},
    });
    expect(body).toEqual(Buffer.from([0x1f, 0x8b, 0, 0xff]));
  });

  it('logs the same refused sender once a minute, and never logs served data', async () => {
    for (now = 0; now < 60_000; now += 10_000) await ask(id, '10.10.1.99');
    expect(warnings()).toHaveLength(1);
    await ask(id, '10.10.1.99');
    expect(warnings()).toHaveLength(2);
    await ask('/latest/user-data');
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });
});
