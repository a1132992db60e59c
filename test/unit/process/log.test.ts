import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { createLog } from '../../../src/process/log.ts';
import type { LogOptions } from '../../../src/process/log.ts';

const written = (
  options: Partial<LogOptions>,
  use: (log: ReturnType<typeof createLog>) => void,
): string[] => {
  const stream = new PassThrough();
  use(createLog({ level: 'info', stream, ...options }));
  return ((stream.read() as Buffer | null)?.toString() ?? '').split('\n').slice(0, -1);
};

describe('the log', () => {
  it('writes one JSON object for each line, with time, level, message and fields', () => {
    const [line, ...more] = written({}, (log) => log.info('port ready', { port: 'a/b', took: 3 }));
    expect(JSON.parse(line!)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level: 'info',
      message: 'port ready',
      port: 'a/b',
      took: 3,
    });
    expect(more).toEqual([]);
  });

  it('omits lines that are less severe than its level', () => {
    const lines = written({ level: 'warn' }, (log) => {
      log.debug('1');
      log.info('2');
      log.warn('3');
      log.error('4');
    });
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['3', '4']);
  });

  it('does not let a field replace or extend level, time and message', () => {
    const [line] = written({}, (log) => log.info('true', { message: 'false', level: 'error', time: 0 }));
    expect(JSON.parse(line!)).toMatchObject({ message: 'true', level: 'info', time: expect.any(String) });
  });

  it('escapes line breaks and control characters in messages and fields', () => {
    const lines = written({ format: 'text' }, (log) =>
      log.warn('a\nb\u001b[2J', { name: 'x\ny', plain: 'default/web-1', nothing: undefined, none: null }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}a\\nb\\u001b\[2J name="x\\ny" plain=default\/web-1 nothing=null none=null$/,
    );
  });

  it.each(['json', 'text'] as const)(
    'escapes C0 and C1 controls, line separators and direction marks in %s',
    (format) => {
      const [line] = written({ format }, (log) => log.info('x', { name: '\u009b2J\u2028\u202eabc\u2066' }));
      expect(line).toMatch(/\\u009b2J\\u2028\\u202eabc\\u2066/);
      if (format === 'json')
        expect(JSON.parse(line!)).toMatchObject({ name: '\u009b2J\u2028\u202eabc\u2066' });
    },
  );

  it('applies a new level at run time', () => {
    const lines = written({}, (log) => {
      log.debug('1');
      log.setLevel('debug');
      log.debug('2');
      log.setLevel('error');
      log.warn('3');
    });
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['2']);
  });

  it('writes text by default on a terminal', () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true });
    createLog({ level: 'info', stream }).info('hello');
    expect(String(stream.read())).toMatch(/ info {2}hello\n$/);
  });
});
