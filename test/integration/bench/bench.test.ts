import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = join(import.meta.dirname, '../../../bench/main.ts');
const scale = join(import.meta.dirname, '../../../bench/scale.ts');

describe('the benchmark', () => {
  let temporary: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'bench-'));
  });
  afterEach(() => {
    rmSync(temporary, { recursive: true, force: true });
  });

  /** Runs the benchmark with its temporary files in the folder of the test. */
  const bench = (...args: string[]) => run(main, ...args);

  async function run(program: string, ...args: string[]) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  it('measures the scenarios and prints one line of JSON for each', async () => {
    const selected = ['latency', 'bulk', 'restart', 'resync', 'sg-rule', 'sg-join', 'beside-nat-rules'];
    const flags = selected.map((name) => `--scenario=${name}`);
    const { code, stdout, stderr } = await bench(
      ...flags,
      '--ports=20',
      '--rounds=1',
      '--api=embedded',
      '--json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').filter((line) => line !== '');
    const reports = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(reports.map(({ scenario, ports }) => [scenario, ports])).toEqual(
      selected.map((name) => [name, 20]),
    );
    const [latency, bulk, restart, resync, ...others] = reports;
    const [groups, beside] = [others.slice(0, 2), others[2]];
    const isPositive = (report: Record<string, unknown> | undefined, ...names: string[]) => {
      for (const name of names) expect([name, Number(report?.[name]) > 0]).toEqual([name, true]);
    };
    for (const compared of [latency, bulk, restart, ...groups])
      isPositive(compared, 'ours_ms', 'floor_ms', 'ratio', 'rss_bytes');
    // One transaction or one row of a batch for each Port, and one status. The floor writes the same.
    expect(latency).toMatchObject({ nb_transactions: 20 });
    for (const change of groups) expect(change).toMatchObject({ nb_transactions: 1 });
    isPositive(latency, 'ours_p99_ms', 'floor_p99_ms');
    expect(Number(bulk?.['nb_rows_written'])).toBeGreaterThanOrEqual(20);
    expect(Number(bulk?.['api_writes'])).toBeGreaterThanOrEqual(20);
    for (const quiet of [restart, resync]) {
      expect(quiet).toMatchObject({ nb_transactions: 0, nb_rows_written: 0, api_writes: 0 });
    }
    isPositive(resync, 'cpu_ms_per_port');
    isPositive(beside, 'ours_p99_ms', 'floor_p99_ms', 'unseen_noise_p99_ms', 'ratio_p99');
    expect(readdirSync(temporary)).toEqual([]);
  }, 300_000);

  it('prints the cost of one more Port at each step of bench:scale', async () => {
    const args = ['--steps=20,40', '--samples=2', '--api=embedded'];
    const { code, stdout, stderr } = await run(scale, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const steps = stdout.trim().split('\n');
    const found = steps.map((line) => JSON.parse(line) as Record<string, number>);
    expect(found.map(({ ports, added, tenants }) => [ports, added, tenants])).toEqual([
      [20, 20, 1],
      [40, 18, 1],
    ]);
    for (const figure of Object.entries(found[1] ?? {})) {
      expect(figure).toEqual([figure[0], expect.any(Number)]);
      expect(figure[1]).toBeGreaterThanOrEqual(0);
    }
    expect(readdirSync(temporary)).toEqual([]);
  }, 120_000);

  it('names the invalid argument and the valid values', async () => {
    const { code, stdout, stderr } = await bench('--scenario=speed');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      '--scenario must be one of latency, bulk, restart, resync, sg-rule, sg-join, beside-nat-rules, beside-ports, beside-group, beside-invalid-subnets, not speed',
    );
  });
});
