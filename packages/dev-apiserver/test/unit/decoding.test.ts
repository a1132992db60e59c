import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { duplicateFields } from '../../src/wire/duplicates.ts';
import { warningHeader } from '../../src/http/messages.ts';
import { compileJsonPath } from '../../src/crd/jsonpath.ts';
import { decodeProtobuf } from '../../src/wire/protobuf.ts';
import { age, humanDuration } from '../../src/wire/table.ts';

describe('the search for duplicate fields', () => {
  it.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":"x"}]}', ['a.b', 'c[1].d']],
    [String.raw`{"\u0061":1,"a":"}{\"a\":[,"}`, ['a']],
    ['{"a":1,"b":{"a":1},"c":["a","a"]}', []],
    [' [ 1 , true , null , "x" ] ', []],
  ])('finds in %s: %j', (text, paths) => {
    expect(duplicateFields(text)).toEqual(paths);
  });

  it('finds no duplicates in the output of JSON.stringify', () => {
    const seed = 8259;
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), fc.integer({ min: 0, max: 3 }), (text, indent) => {
        expect(duplicateFields(JSON.stringify(JSON.parse(text), undefined, indent))).toEqual([]);
      }),
      { seed },
    );
  });
});

describe('a JSON path', () => {
  const object = {
    spec: { a: 1, list: [{ n: 'x' }, { n: 'y' }], 'odd.key': 'odd' },
    status: {
      conditions: [
        { type: 'A', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  };

  it.each([
    ['.spec.a', 1],
    ['.spec.list[1].n', 'y'],
    ['.spec.list[*].n', 'x'],
    ["['spec']['a']", 1],
    [String.raw`.spec.odd\.key`, 'odd'],
    ['.status.conditions[?(@.type=="Ready")].status', 'True'],
    ["$.status.conditions[?(@.type == 'Ready')].status", 'True'],
    ['.status.conditions[?(@.type!="A")].type', 'Ready'],
    ['.status.conditions[?(@.type=="None")].status', undefined],
    ['.spec.none.of.these', undefined],
    ['.constructor.name', undefined],
  ])('evaluates %s to %j', (path, value) => {
    expect(compileJsonPath(path)(object)).toEqual(value);
  });

  it('rejects an unsupported path', () => {
    expect(() => compileJsonPath('.spec[')).toThrow(SyntaxError);
    expect(() => compileJsonPath('..a')).toThrow(SyntaxError);
  });
});

describe('an age', () => {
  it.each([
    [0, '0s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [150_000, '2m30s'],
    [599_000, '9m59s'],
    [600_000, '10m'],
    [179 * 60_000, '179m'],
    [180 * 60_000, '3h'],
    [5.5 * 3_600_000, '5h30m'],
    [47 * 3_600_000, '47h'],
    [3.5 * 86_400_000, '3d12h'],
    [8 * 86_400_000, '8d'],
    [800 * 86_400_000, '2y70d'],
    [3000 * 86_400_000, '8y'],
    [-5_000, '<invalid>'],
  ])('of %d ms is shown as %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it('is unknown without a timestamp', () => {
    expect(age(undefined, 0)).toBe('<unknown>');
    expect(age('not a time', 0)).toBe('<invalid>');
  });
});

describe('the protobuf decoder', () => {
  const field = (number: number, content: string | Buffer): Buffer => {
    const bytes = Buffer.from(content as string);
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const envelope = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('k8s\0'),
      field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])),
      field(2, raw),
    ]);

  it('reads a ConfigMap', () => {
    const label = field(11, Buffer.concat([field(1, 'k'), field(2, 'v')]));
    const meta = Buffer.concat([field(1, 'c'), label, field(14, 'f1'), field(14, 'f2'), field(8, '')]);
    const data = field(2, Buffer.concat([field(1, 'a'), field(2, 'b')]));
    const empty = field(2, field(1, 'empty'));
    const immutable = Buffer.from([4 << 3, 1]);
    expect(
      decodeProtobuf(envelope('v1', 'ConfigMap', Buffer.concat([field(1, meta), data, empty, immutable]))),
    ).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', labels: { k: 'v' }, finalizers: ['f1', 'f2'] },
      data: { a: 'b', empty: '' },
      immutable: true,
    });
  });

  it('reads an Event with a nested reference and a time', () => {
    const time = field(7, Buffer.from([1 << 3, 60]));
    const raw = Buffer.concat([field(2, field(3, 'p')), field(3, 'Created'), time, Buffer.from([8 << 3, 2])]);
    expect(decodeProtobuf(envelope('v1', 'Event', raw))).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      involvedObject: { name: 'p' },
      reason: 'Created',
      lastTimestamp: '1970-01-01T00:01:00Z',
      count: 2,
    });
  });

  it.each(['v1', 'coordination.k8s.io/v1'])('reads DeleteOptions of the API version %s', (apiVersion) => {
    const raw = Buffer.concat([field(2, field(1, 'some-uid')), field(4, 'Foreground'), field(5, 'All')]);
    expect(decodeProtobuf(envelope(apiVersion, 'DeleteOptions', raw))).toEqual({
      apiVersion,
      kind: 'DeleteOptions',
      preconditions: { uid: 'some-uid' },
      propagationPolicy: 'Foreground',
      dryRun: ['All'],
    });
  });

  it('returns undefined for an unknown kind, for a truncated body and for other formats', () => {
    expect(decodeProtobuf(envelope('v1', 'Pod', Buffer.alloc(0)))).toBeUndefined();
    expect(decodeProtobuf(envelope('v1', 'ConfigMap', Buffer.from([0x0a, 0x05, 0x0a])))).toBeUndefined();
    expect(decodeProtobuf(Buffer.from('{}'))).toBeUndefined();
  });

  it('does not throw for random bytes', () => {
    const seed = 20;
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        decodeProtobuf(envelope('v1', 'Secret', Buffer.from(bytes.subarray(0, 100))));
      }),
      { seed },
    );
  });
});

describe('a Warning header', () => {
  it('quotes each warning once', () => {
    expect(warningHeader(['unknown field "a"', 'unknown field "a"'])).toEqual([
      '299 - "unknown field \\"a\\""',
    ]);
  });

  it('contains only octets that are valid in a header', () => {
    const [header = ''] = warningHeader(['unknown field "ü\u007f\n名"']);
    expect(header).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
    expect(Buffer.from(header, 'latin1').toString('utf8')).toContain('ü');
  });

  it('is truncated when there are too many warnings', () => {
    const many = warningHeader(
      Array.from({ length: 10_000 }, (_, i) => `unknown field "spec.${i}${'x'.repeat(300)}"`),
    );
    expect(many.join('').length).toBeLessThan(5_000);
    expect(many.length).toBeGreaterThan(10);
  });
});
