import { describe, expect, it } from '@jest/globals';
import { parseStopwatch } from '../../../bench/northd.ts';

describe('parseStopwatch', () => {
  it('parses the output of `stopwatch/show`', () => {
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

  it('rejects other output', () => {
    expect(() => parseStopwatch('"stopwatch/show" is not a valid command')).toThrow('Total samples');
  });
});
