import { describe, expect, it } from '@jest/globals';
import { kubernetesAccess } from '../../../src/process/metrics-access.ts';
import { serveEndpoints } from '../../../src/process/endpoints.ts';
import { HealthRegistry, MetricsRegistry, type KubeClient } from '../../../src/reconcile/index.ts';
import { RecordingLog } from '../../support/reconcile/recording-log.ts';

interface Body {
  readonly kind: string;
  readonly spec: { readonly token?: string; readonly user?: string };
}

/** An API server that knows the user `reader`, who may read metrics, and the user `other`. */
function setUp(answer: (body: Body) => object | Promise<object> = reviewed) {
  const asked: Body[] = [];
  const create = async (_type: unknown, body: unknown): Promise<unknown> => {
    asked.push(body as Body);
    return { status: await answer(body as Body) };
  };
  const log = new RecordingLog();
  let time = 0;
  const access = kubernetesAccess({ create } as unknown as Pick<KubeClient, 'create'>, log, {
    now: () => time,
  });
  return { access, asked, log, pass: (ms: number) => (time += ms) };
}
function reviewed({ kind, spec }: Body): object {
  if (kind === 'SubjectAccessReview') return { allowed: spec.user === 'reader' };
  return spec.token === 'reader' || spec.token === 'other'
    ? { authenticated: true, user: { username: spec.token, groups: ['g'] } }
    : { error: 'invalid token' };
}

describe('the access to the metrics', () => {
  it.each([
    ['a user who may read them', 'Bearer reader', 200],
    ['a user who may not read them', 'Bearer other', 403],
    ['an unknown token', 'Bearer wrong', 401],
    ['another scheme', 'Basic cmVhZGVyOg==', 401],
    ['no token', 'Bearer ', 401],
    ['no header', undefined, 401],
  ])('answers %s', async (_, authorization, status) => {
    expect(await setUp().access(authorization)).toBe(status);
  });

  it('asks about the path /metrics with the groups of the user', async () => {
    const { access, asked } = setUp();
    await access('Bearer reader');
    expect(asked[1]).toMatchObject({
      kind: 'SubjectAccessReview',
      spec: { user: 'reader', groups: ['g'], nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    });
  });

  it('asks the API server again after a minute, not for each request', async () => {
    const { access, asked, pass } = setUp();
    for (let i = 0; i < 10; i++) await access('Bearer reader');
    expect(asked).toHaveLength(2);
    pass(60_000);
    await access('Bearer reader');
    expect(asked).toHaveLength(4);
  });

  it.each<[string, (body: Body) => object | Promise<object>]>([
    ['does not answer', () => Promise.reject(new Error('ECONNREFUSED'))],
    ['does not serve reviews', () => Promise.reject(new Error('404'))],
  ])('is refused and logged when the API server %s', async (_, answer) => {
    const { access, log } = setUp(answer);
    expect(await access('Bearer reader')).toBe(503);
    expect(log.lines).toMatchObject([{ level: 'warn' }]);
    expect(JSON.stringify(log.lines)).not.toContain('reader');
  });

  it.each([
    ['an empty answer', {}],
    ['a user without a name', { authenticated: true, user: {} }],
    ['authenticated as a text', { authenticated: 'true', user: { username: 'reader' } }],
  ])('is refused after %s', async (_, status) => {
    expect(await setUp(() => status).access('Bearer reader')).not.toBe(200);
  });

  it('asks the API server at most four times at once', async () => {
    const answers = Promise.withResolvers<object>();
    const { access, asked } = setUp(() => answers.promise);
    const pending = Array.from({ length: 20 }, (_, index) => access(`Bearer ${index}`));
    expect(asked).toHaveLength(4);
    answers.resolve({ error: 'invalid token' });
    expect((await Promise.all(pending)).sort()).toEqual([...Array(4).fill(401), ...Array(16).fill(503)]);
  });
});

describe('the endpoints', () => {
  it('serve health and readiness to everyone, and metrics only with access', async () => {
    const endpoints = await serveEndpoints('127.0.0.1:0', {
      health: new HealthRegistry(),
      ready: new HealthRegistry(),
      metrics: new MetricsRegistry(),
      metricsAccess: setUp().access,
    });
    const get = (path: string, authorization?: string) =>
      fetch(`http://${endpoints.address}${path}`, {
        headers: authorization === undefined ? {} : { authorization },
      });
    expect((await get('/health')).status).toBe(200);
    expect((await get('/ready')).status).toBe(200);
    const anonymous = await get('/metrics');
    expect([anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await get('/metrics?x=1')).status).toBe(401);
    expect((await get('/metrics', 'Bearer other')).status).toBe(403);
    expect((await get('/metrics', 'Bearer reader')).status).toBe(200);
    await endpoints.stop();
  });
});
