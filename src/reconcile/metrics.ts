/**
 * A small registry of metrics in the Prometheus text format (version 0.0.4): counters, gauges and histograms
 * with fixed label names.
 */

/** The label values of a series, in the order of the label names of the metric. */
type Labels = readonly string[];

/** A metric that only increases. */
interface Counter {
  increment(labels?: Labels, by?: number): void;
}

/** A metric that increases and decreases. */
interface Gauge {
  set(value: number, labels?: Labels): void;
}

/** A metric that counts values in buckets. */
interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Upper bounds in seconds, from one millisecond to ten seconds. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Metric {
  readonly text: () => string;
}

/** Creates metrics and formats them. Each name can be registered once. */
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

  /** Registers a gauge or counter whose values are computed at each scrape. */
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
        let values = series.get(id);
        if (values === undefined) {
          series.set(id, (values = { counts: new Array<number>(buckets.length).fill(0), count: 0, sum: 0 }));
        }
        values.count++;
        values.sum += value;
        const bucket = buckets.findIndex((bound) => value <= bound);
        if (bucket >= 0) values.counts[bucket] = (values.counts[bucket] ?? 0) + 1;
      },
    };
  }

  /** Formats all metrics for `Content-Type: text/plain; version=0.0.4`. */
  text(): string {
    return [...this.#metrics.values()].map((metric) => metric.text()).join('');
  }

  #register(name: string, type: string, help: string, lines: () => string): void {
    if (this.#metrics.has(name)) throw new Error(`the metric ${name} is already registered`);
    const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    this.#metrics.set(name, { text: () => head + lines() });
  }
}

interface HistogramSeries {
  /** The count of each bucket, not cumulative. */
  readonly counts: number[];
  count: number;
  sum: number;
}

function labelText(names: Labels, values: Labels): string {
  if (names.length !== values.length) throw new Error(`expected values for the labels ${names.join(', ')}`);
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
    let cumulative = 0;
    buckets.forEach((bound, i) => {
      cumulative += counts[i] ?? 0;
      text += `${name}_bucket{${bucketOf(String(bound))}} ${cumulative}\n`;
    });
    text += `${name}_bucket{${bucketOf('+Inf')}} ${count}\n`;
    text += `${name}_sum${braces(labels)} ${sum}\n${name}_count${braces(labels)} ${count}\n`;
  }
  return text;
}
