/**
 * A registry of metrics in Prometheus' text format (version 0.0.4), as small as it can be: counters, gauges and
 * histograms with fixed label names.
 */

/** A series' values, in the order of the metric's label names. */
type Labels = readonly string[];

/** Only ever grows. */
export interface Counter {
  increment(labels?: Labels, by?: number): void;
}

/** Goes up and down. */
export interface Gauge {
  set(value: number, labels?: Labels): void;
}

/** Distribution of values, counted into buckets. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Seconds; from a millisecond to ten seconds. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Metric {
  readonly text: () => string;
}

/** Makes metrics and prints them. A name can be registered once. */
export class MetricsRegistry {
  readonly #metrics = new Map<string, Metric>();

  counter(name: string, help: string, labelNames: Labels = []): Counter {
    const series = new Map<string, number>();
    this.#register(name, 'counter', help, () => valueLines(name, series));
    return {
      increment: (labels = [], by = 1) => {
        const id = labelText(labelNames, labels);
        series.set(id, (series.get(id) ?? 0) + by);
      },
    };
  }

  gauge(name: string, help: string, labelNames: Labels = []): Gauge {
    const series = new Map<string, number>();
    this.#register(name, 'gauge', help, () => valueLines(name, series));
    return { set: (value, labels = []) => series.set(labelText(labelNames, labels), value) };
  }

  /** A gauge, or a counter, that is asked for its values when somebody scrapes: for what is known anyway. */
  collect(
    name: string,
    help: string,
    labelNames: Labels,
    values: () => Iterable<readonly [Labels, number]>,
    type: 'gauge' | 'counter' = 'gauge',
  ): void {
    this.#register(name, type, help, () => {
      const series = new Map<string, number>();
      for (const [labels, value] of values()) series.set(labelText(labelNames, labels), value);
      return valueLines(name, series);
    });
  }

  histogram(
    name: string,
    help: string,
    labelNames: Labels = [],
    buckets: readonly number[] = durationBuckets,
  ): Histogram {
    const series = new Map<string, HistogramSeries>();
    this.#register(name, 'histogram', help, () => histogramLines(name, buckets, series));
    return {
      observe: (value, labels = []) => {
        const id = labelText(labelNames, labels);
        let one = series.get(id);
        if (one === undefined) {
          series.set(id, (one = { counts: new Array<number>(buckets.length).fill(0), count: 0, sum: 0 }));
        }
        one.count++;
        one.sum += value;
        const bucket = buckets.findIndex((bound) => value <= bound);
        if (bucket >= 0) one.counts[bucket] = (one.counts[bucket] ?? 0) + 1;
      },
    };
  }

  /** All of it, for `Content-Type: text/plain; version=0.0.4`. */
  text(): string {
    return [...this.#metrics.values()].map((metric) => metric.text()).join('');
  }

  #register(name: string, type: string, help: string, lines: () => string): void {
    if (this.#metrics.has(name)) throw new Error(`metric ${name} is registered twice`);
    const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    this.#metrics.set(name, { text: () => head + lines() });
  }
}

interface HistogramSeries {
  /** Of each bucket alone, not cumulated. */
  readonly counts: number[];
  count: number;
  sum: number;
}

function labelText(names: Labels, values: Labels): string {
  if (names.length !== values.length) throw new Error(`expected the labels ${names.join(', ')}`);
  return names.map((name, i) => `${name}="${escape(values[i] ?? '')}"`).join(',');
}

const escape = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const braces = (labels: string): string => (labels === '' ? '' : `{${labels}}`);

function valueLines(name: string, series: ReadonlyMap<string, number>): string {
  let text = '';
  for (const [labels, value] of series) text += `${name}${braces(labels)} ${value}\n`;
  return text;
}

function histogramLines(
  name: string,
  buckets: readonly number[],
  series: ReadonlyMap<string, HistogramSeries>,
): string {
  let text = '';
  for (const [labels, { counts, count, sum }] of series) {
    const bucketOf = (bound: string): string => `${labels === '' ? '' : `${labels},`}le="${bound}"`;
    let cumulated = 0;
    buckets.forEach((bound, i) => {
      cumulated += counts[i] ?? 0;
      text += `${name}_bucket{${bucketOf(String(bound))}} ${cumulated}\n`;
    });
    text += `${name}_bucket{${bucketOf('+Inf')}} ${count}\n`;
    text += `${name}_sum${braces(labels)} ${sum}\n${name}_count${braces(labels)} ${count}\n`;
  }
  return text;
}
