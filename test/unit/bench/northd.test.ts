import { describe, expect, it } from '@jest/globals';
import { parseStopwatch } from '../../../bench/northd.ts';

describe("ovn-northd's stopwatch", () => {
  it('is read as `stopwatch/show` prints it', () => {
    const text = `Statistics for 'ovn-northd-loop'
  Total samples: 19
  Maximum: 31 msec
  Minimum: 0 msec
  95th percentile: 30.500000 msec
  Short term average: 0.660294 msec
  Long term average: 0.056192 msec
`;
    expect(parseStopwatch(text)).toEqual({ samples: 19, maximum: 31, p95: 30.5 });
  });

  it('is not what something else says', () => {
    expect(() => parseStopwatch('"stopwatch/show" is not a valid command')).toThrow('Total samples');
  });
});
