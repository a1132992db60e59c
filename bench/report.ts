/** The results of a scenario, and their formats. */

/** The results of one scenario. Fields that do not apply to the scenario are undefined. Times are in milliseconds. */
export interface Report {
  readonly scenario: string;
  readonly ports: number;
  readonly api: 'embedded' | 'real';
  /** The medians of the operator and the floor: per Port in `latency`, otherwise per round. */
  readonly ours_ms?: number;
  readonly floor_ms?: number;
  readonly ratio?: number;
  /** The lowest and the highest ratio of all rounds. */
  readonly ratio_min?: number;
  readonly ratio_max?: number;
  readonly ours_p99_ms?: number;
  readonly floor_p99_ms?: number;
  readonly ratio_p99?: number;
  /** The same as `ours_ms` and `ours_p99_ms` in `beside-…`, with noise that the operator does not see. */
  readonly unseen_noise_ms?: number;
  readonly unseen_noise_p99_ms?: number;
  /** Processor time (user and system) of the operator per Port. */
  readonly cpu_ms_per_port?: number;
  /** Processor time (user and system) of the floor per Port. */
  readonly floor_cpu_ms_per_port?: number;
  /** Transactions that changed a row. Transactions that change only NB_Global (the fence) do not count. */
  readonly nb_transactions?: number;
  readonly nb_rows_written?: number;
  /** Requests of the operator that change objects of the project's API group. Events do not count. */
  readonly api_writes?: number;
  /** Resident memory of the operator at the end, without a garbage collection. */
  readonly rss_bytes?: number;
  /** Additional resident memory per Port, measured after garbage collections. */
  readonly rss_bytes_per_port?: number;
}

/** The percentile `p` (0–1) of the values by nearest rank; NaN without values. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Compares the rounds of the operator with the rounds of the floor. The ratio is the median of the rounds' ratios. */
export function compare(operator: readonly number[], floor: readonly number[]): Partial<Report> {
  const ratios = operator.map((value, round) => value / (floor[round] ?? NaN));
  return {
    ours_ms: median(operator),
    floor_ms: median(floor),
    ratio: median(ratios),
    ratio_min: Math.min(...ratios),
    ratio_max: Math.max(...ratios),
  };
}

/** Formats a report as one line of JSON. Fractions are rounded to three decimals. */
export function toJson(report: Report): string {
  return JSON.stringify(report, (_key, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
  );
}

/** Formats a report as text for people. */
export function toText(report: Report): string {
  const { ours_ms, floor_ms, ratio, ratio_min, ratio_max, ours_p99_ms, floor_p99_ms, ratio_p99 } = report;
  const lines = [`${report.scenario}, ${report.ports} Ports, ${report.api} API server`];
  const line = (label: string, text: string): unknown => lines.push(`  ${label.padEnd(16)}${text}`);
  const times = (operator?: number, floor?: number, by?: number): string =>
    `${ms(operator)}, floor ${ms(floor)}, ratio ${fixed(by)}`;
  if (floor_ms !== undefined) {
    const spread = ratio_min === undefined ? '' : ` (${fixed(ratio_min)} to ${fixed(ratio_max)})`;
    line(ours_p99_ms === undefined ? 'median' : 'p50', times(ours_ms, floor_ms, ratio) + spread);
  } else if (ours_ms !== undefined) {
    line('median', ms(ours_ms));
  }
  if (ours_p99_ms !== undefined) line('p99', times(ours_p99_ms, floor_p99_ms, ratio_p99));
  if (report.unseen_noise_p99_ms !== undefined)
    line('unseen noise', `p50 ${ms(report.unseen_noise_ms)}, p99 ${ms(report.unseen_noise_p99_ms)}`);
  const { cpu_ms_per_port: cpu, floor_cpu_ms_per_port: floorCpu } = report;
  if (cpu !== undefined)
    line('CPU per Port', ms(cpu) + (floorCpu === undefined ? '' : `, floor ${ms(floorCpu)}`));
  if (report.nb_transactions !== undefined) {
    line('writes to OVN', `${report.nb_transactions} transactions, ${report.nb_rows_written ?? 0} rows`);
  }
  if (report.api_writes !== undefined) line('writes to API', `${report.api_writes}`);
  if (report.rss_bytes !== undefined) {
    const each = report.rss_bytes_per_port;
    line(
      'memory',
      `${fixed(report.rss_bytes / 2 ** 20)} MiB${each === undefined ? '' : `, ${fixed(each / 1024)} KiB per Port`}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const fixed = (value = NaN): string => value.toFixed(2);
const ms = (value = NaN): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
