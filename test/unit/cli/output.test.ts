import { describe, expect, it } from '@jest/globals';
import { Progress } from '../../../src/cli/progress.ts';
import { formatTable } from '../../../src/cli/table.ts';

/** An output that records its text, and a clock that advances by a second on each read. */
const recorder = (isTTY: boolean) => {
  let text = '';
  let now = 0;
  const output = { isTTY, write: (more: string) => (text += more) };
  return { progress: new Progress(output, () => (now += 1000)), text: () => text };
};

describe('Progress', () => {
  it('prints one plain line for each step without a terminal', async () => {
    const { progress, text } = recorder(false);
    const result = await progress.step('Working', (note) => {
      note('half way');
      return Promise.resolve(7);
    });
    expect(result).toBe(7);
    expect(text()).toBe('✓ Working (1.0 s)\n');
  });

  it('rewrites one line on a terminal', async () => {
    const { progress, text } = recorder(true);
    await progress.step('Working', (note) => {
      note('half way');
      return Promise.resolve();
    });
    expect(text()).toBe('… Working\r\u001b[K… Working: half way\r\u001b[K✓ Working (1.0 s)\n');
  });

  it('marks a failed step and rejects with its error', async () => {
    const { progress, text } = recorder(false);
    await expect(progress.step('Working', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(text()).toBe('✗ Working\n');
  });
});

describe('formatTable', () => {
  const table = {
    columnDefinitions: [
      { name: 'Name', priority: 0 },
      { name: 'Mac', priority: 1 },
      { name: 'Used', priority: 0 },
      { name: 'Age', priority: 0 },
    ],
    rows: [{ cells: ['web', '02:00', 12, '5s'] }, { cells: ['database', '02:01', null, '10m'] }],
  };

  it('formats a table as kubectl get does: capital headings, three spaces between columns, empty cells for null', () => {
    expect(formatTable(table)).toBe(
      ['NAME       USED   AGE', 'web        12     5s', 'database          10m', ''].join('\n'),
    );
  });

  it('adds the prefix before each name', () => {
    expect(formatTable(table, 'port.example/')).toContain('\nport.example/web        12');
  });
});
