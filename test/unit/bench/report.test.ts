import { describe, expect, it } from '@jest/globals';
import { compare, median, percentile, toJson, toText, type Report } from '../../../bench/report.ts';

describe('the report of the benchmark', () => {
  it('computes percentiles by nearest rank', () => {
    const values = [5, 1, 4, 2, 3];
    expect([0, 0.2, 0.5, 0.99, 1].map((p) => percentile(values, p))).toEqual([1, 1, 3, 5, 5]);
    expect(values).toEqual([5, 1, 4, 2, 3]);
    expect(median([])).toBeNaN();
  });

  it('compares each round with the floor of the same round', () => {
    // The machine was half as fast in the second round, for both.
    expect(compare([120, 240, 130], [100, 200, 100])).toEqual({
      ours_ms: 130,
      floor_ms: 100,
      ratio: 1.2,
      ratio_min: 1.2,
      ratio_max: 1.3,
    });
  });

  const report: Report = {
    scenario: 'bulk',
    ports: 1000,
    api: 'embedded',
    ours_ms: 1234.56789,
    floor_ms: 1000,
    ratio: 1.23456789,
    nb_transactions: 12,
    nb_rows_written: 3400,
    api_writes: 1003,
    rss_bytes: 157_286_400,
    rss_bytes_per_port: 10_240,
  };

  it('is one line of JSON with three decimals in JSON format', () => {
    expect(toJson(report)).toBe(
      '{"scenario":"bulk","ports":1000,"api":"embedded","ours_ms":1234.568,"floor_ms":1000,"ratio":1.235,' +
        '"nb_transactions":12,"nb_rows_written":3400,"api_writes":1003,"rss_bytes":157286400,"rss_bytes_per_port":10240}',
    );
  });

  it('omits lines without values in text format', () => {
    expect(toText(report)).toBe(`bulk, 1000 Ports, embedded API server
  median          1235 ms, floor 1000 ms, ratio 1.23
  writes to OVN   12 transactions, 3400 rows
  writes to API   1003
  memory          150.00 MiB, 10.00 KiB per Port
`);
  });
});
