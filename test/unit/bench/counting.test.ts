import { describe, expect, it } from '@jest/globals';
import { countMetrics } from '../../../bench/api-server.ts';
import { isCounted } from '../../../bench/counted.ts';
import { countRecords } from '../../../bench/nb-log.ts';

describe('the count of writes to the API server', () => {
  const group = '/apis/network.plasmavmc.io/v1alpha1/namespaces/a/ports/b';

  it("contains changes of the project's kinds, but not Events, Leases, reads or the floor's changes", () => {
    expect(isCounted('PATCH', `${group}/status`)).toBe(true);
    expect(isCounted('POST', '/apis/events.k8s.io/v1/namespaces/a/events')).toBe(false);
    expect(isCounted('POST', '/api/v1/namespaces/a/events')).toBe(false);
    expect(isCounted('GET', group)).toBe(false);
    expect(isCounted('PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x')).toBe(false);
    expect(isCounted('POST', '/apis/floor.plasmavmc.io/v1alpha1/namespaces/a/ports')).toBe(false);
    expect(isCounted('POST', '/api/v1/namespaces/events')).toBe(false);
  });

  it('contains the same requests when it is read from the metrics of kube-apiserver', () => {
    const line = (labels: string, value: number) =>
      `apiserver_request_total{code="200",${labels},version="v1"} ${value}\n`;
    expect(
      countMetrics(
        '# TYPE apiserver_request_total counter\n' +
          line('group="network.plasmavmc.io",resource="ports",subresource="status",verb="PATCH"', 7) +
          line('group="network.plasmavmc.io",resource="ports",subresource="",verb="LIST"', 100) +
          line('group="",resource="events",subresource="",verb="POST"', 2) +
          line('group="",resource="namespaces",subresource="",verb="POST"', 50) +
          line('group="floor.plasmavmc.io",resource="ports",subresource="status",verb="PATCH"', 60) +
          'apiserver_request_duration_seconds_count{group="network.plasmavmc.io",verb="PATCH"} 7\n',
      ),
    ).toBe(7);
  });
});

describe('the count of writes to the Northbound database', () => {
  const record = (content: object): string => {
    const json = `${JSON.stringify(content)}\n`;
    return `OVSDB JSON ${Buffer.byteLength(json)} ${'0'.repeat(40)}\n${json}`;
  };

  it('contains the inserted, changed and deleted rows of the log', () => {
    const log =
      record({
        _date: 1,
        _is_diff: true,
        Logical_Switch_Port: { a: { name: 'ü' }, b: {} },
        Logical_Switch: { s: {} },
      }) + record({ _date: 2, Logical_Switch_Port: { a: null } });
    expect(countRecords(Buffer.from(log))).toEqual({ transactions: 2, rows: 4 });
  });

  it('is zero when only the fence changes or nothing is written', () => {
    const log = record({ _date: 1, NB_Global: { g: { external_ids: ['map', []] } } }) + record({ _date: 2 });
    expect(countRecords(Buffer.from(log))).toEqual({ transactions: 0, rows: 0 });
    expect(countRecords(Buffer.alloc(0))).toEqual({ transactions: 0, rows: 0 });
  });

  it('rejects a file that is not a standalone database', () => {
    expect(() => countRecords(Buffer.from('OVSDB CLUSTER 5 abc\n12345'))).toThrow(
      'byte 0 does not begin a record of an OVSDB log',
    );
  });
});
