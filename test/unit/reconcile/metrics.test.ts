import { describe, expect, it } from '@jest/globals';
import { HealthRegistry, MetricsRegistry } from '../../../src/reconcile/index.ts';

describe('MetricsRegistry', () => {
  it('formats metrics in the Prometheus text format', () => {
    const registry = new MetricsRegistry();
    registry.counter('things_total', 'Things', ['kind']).increment(['a"b\\c\nd'], 2);
    registry.gauge('level', 'Level').set(1.5);
    registry.collect('depth', 'Depth', ['name'], () => [[['x'], 3]]);
    const histogram = registry.histogram('time_seconds', 'Time', ['op'], [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 2]) histogram.observe(value, ['get']);
    expect(registry.text()).toBe(`# HELP things_total Things
# TYPE things_total counter
things_total{kind="a\\"b\\\\c\\nd"} 2
# HELP level Level
# TYPE level gauge
level 1.5
# HELP depth Depth
# TYPE depth gauge
depth{name="x"} 3
# HELP time_seconds Time
# TYPE time_seconds histogram
time_seconds_bucket{op="get",le="0.1"} 2
time_seconds_bucket{op="get",le="1"} 3
time_seconds_bucket{op="get",le="+Inf"} 4
time_seconds_sum{op="get"} 2.65
time_seconds_count{op="get"} 4
`);
  });

  it('rejects a second metric with the same name, and missing label values', () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter('a_total', 'A', ['x']);
    expect(() => registry.gauge('a_total', 'A')).toThrow('already registered');
    expect(() => counter.increment()).toThrow('labels');
  });
});

describe('HealthRegistry', () => {
  it('is ok when all checks pass, and reports the reasons of failed checks', () => {
    const health = new HealthRegistry();
    expect(health.report()).toEqual({ ok: true, checks: {} });
    health.add('api', () => undefined);
    const remove = health.add('ovn', () => 'not connected');
    health.add('broken', () => {
      throw new Error('bug');
    });
    expect(health.report()).toEqual({
      ok: false,
      checks: { api: 'ok', ovn: 'not connected', broken: 'bug' },
    });
    remove();
    health.add('broken', () => undefined);
    expect(health.report().ok).toBe(true);
  });
});
