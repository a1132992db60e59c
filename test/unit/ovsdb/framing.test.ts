import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Framer } from '../../../src/ovn/ovsdb/framing.ts';

const object = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 4 });

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => Buffer.from(bytes.subarray(edges[index], edge)));
}

describe('a framer', () => {
  it('returns the same messages for every division of the stream into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(object, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (objects, places) => {
          const framer = new Framer();
          const bytes = Buffer.from(objects.map((one) => JSON.stringify(one)).join(''));
          const messages = cut(bytes, places).flatMap((chunk) => framer.push(chunk));
          expect(messages.map((message) => JSON.parse(message.toString('utf8')) as unknown)).toEqual(
            objects.map((one) => JSON.parse(JSON.stringify(one)) as unknown),
          );
        },
      ),
      { seed: 7047, numRuns: 300 },
    );
  });

  it('returns a character correctly if its bytes are in different chunks', () => {
    const framer = new Framer();
    const bytes = Buffer.from('{"name":"猫🙂"}');
    const messages = [...bytes].flatMap((byte) => framer.push(Buffer.from([byte])));
    expect(messages.map(String)).toEqual(['{"name":"猫🙂"}']);
  });

  it('ignores brackets, quotes and backslashes in strings', () => {
    const framer = new Framer();
    const text = JSON.stringify({ a: '}{"\\', b: ['[', ']]', '\\"'] });
    expect(framer.push(Buffer.from(text + text)).map(String)).toEqual([text, text]);
  });

  it('accepts white space between messages', () => {
    expect(new Framer().push(Buffer.from(' {}\r\n\t{} ')).map(String)).toEqual(['{}', '{}']);
  });

  it('does not copy a message that lies in one chunk', () => {
    const chunk = Buffer.from('{"a":1}{"b":2}');
    for (const message of new Framer().push(chunk)) expect(message.buffer).toBe(chunk.buffer);
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', '[1]', '"text"', '}', '{}]'])(
    'rejects %j, which is not a JSON object',
    (text) => {
      expect(() => new Framer().push(Buffer.from(text))).toThrow(/is this an OVSDB server/);
    },
  );
});
