/** Figures, and how they are printed. */

/** What one scenario measured; figures that it has no use for are left out. Times in milliseconds. */
export interface Report {
  readonly scenario: string;
  readonly ports: number;
  readonly api: 'embedded' | 'real';
  /** Medians: of a Port (`latency`), or of a whole round. */
  readonly ours_ms?: number;
  readonly floor_ms?: number;
  readonly ratio?: number;
  /** The lowest and the highest ratio of a round. */
  readonly ratio_min?: number;
  readonly ratio_max?: number;
  readonly ours_p99_ms?: number;
  readonly floor_p99_ms?: number;
  readonly ratio_p99?: number;
  /** Processor time (user and system) of the operator for a Port. */
  readonly cpu_ms_per_port?: number;
  /** The same of the floor's process. */
  readonly floor_cpu_ms_per_port?: number;
  /** Transactions that changed a row, not counting those that only touch NB_Global (the fence). */
  readonly nb_transactions?: number;
  readonly nb_rows_written?: number;
  /** Requests of the operator that change an object of ours; Events are not counted. */
  readonly api_writes?: number;
  /** Resident memory of the operator afterwards, as it is. */
  readonly rss_bytes?: number;
  /** What each Port added to it, garbage left out on both sides. */
  readonly rss_bytes_per_port?: number;
}

/** The value at fraction `p` (0–1) of the sorted values: the nearest rank. NaN for none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Ours, the floor and their ratio from rounds taken in turns. The ratio is the median of the rounds' ratios. */
export function compare(ours: readonly number[], floor: readonly number[]): Partial<Report> {
  const ratios = ours.map((value, round) => value / (floor[round] ?? NaN));
  return {
    ours_ms: median(ours),
    floor_ms: median(floor),
    ratio: median(ratios),
    ratio_min: Math.min(...ratios),
    ratio_max: Math.max(...ratios),
  };
}

/** One line for machines: counts and bytes as they are, times and ratios with three decimals. */
export function toJson(report: Report): string {
  return JSON.stringify(report, (_key, value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
  );
}

/** A few lines for people. */
export function toText(report: Report): string {
  const { ours_ms, floor_ms, ratio, ratio_min, ratio_max, ours_p99_ms, floor_p99_ms, ratio_p99 } = report;
  const lines = [`${report.scenario}, ${report.ports} Ports, ${report.api} API server`];
  const line = (label: string, text: string): unknown => lines.push(`  ${label.padEnd(16)}${text}`);
  const times = (ours?: number, floor?: number, by?: number): string =>
    `${ms(ours)}, floor ${ms(floor)}, ratio ${fixed(by)}`;
  if (floor_ms !== undefined) {
    const spread = ratio_min === undefined ? '' : ` (${fixed(ratio_min)} to ${fixed(ratio_max)})`;
    line(ours_p99_ms === undefined ? 'median' : 'p50', times(ours_ms, floor_ms, ratio) + spread);
  } else if (ours_ms !== undefined) {
    line('median', ms(ours_ms));
  }
  if (ours_p99_ms !== undefined) line('p99', times(ours_p99_ms, floor_p99_ms, ratio_p99));
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
      `${fixed(report.rss_bytes / 2 ** 20)} MiB${each === undefined ? '' : `, ${fixed(each / 1024)} KiB a Port`}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const fixed = (value = NaN): string => value.toFixed(2);
const ms = (value = NaN): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
