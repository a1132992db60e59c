/** ASN.1 values in DER (X.690), as far as a certificate (RFC 5280) needs them. Each function gives the whole encoding. */

function encode(tag: number, content: Buffer): Buffer {
  const length = content.length;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

/** SEQUENCE. */
export function sequence(...items: readonly Buffer[]): Buffer {
  return encode(0x30, Buffer.concat(items));
}

/** SET OF, of one item or of items already in order. */
export function setOf(...items: readonly Buffer[]): Buffer {
  return encode(0x31, Buffer.concat(items));
}

/** A context-specific constructed tag, `[n] EXPLICIT`. */
export function explicit(n: number, content: Buffer): Buffer {
  return encode(0xa0 | n, content);
}

/** A context-specific primitive tag, `[n] IMPLICIT` of a string of octets. */
export function implicit(n: number, content: Buffer): Buffer {
  return encode(0x80 | n, content);
}

/** INTEGER, not negative, from its big-endian octets. */
export function integer(octets: Buffer): Buffer {
  const first = octets.findIndex((octet) => octet !== 0);
  const digits = first === -1 ? Buffer.from([0]) : octets.subarray(first);
  return encode(0x02, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits);
}

/** BOOLEAN TRUE. */
export function booleanTrue(): Buffer {
  return encode(0x01, Buffer.from([0xff]));
}

/** OBJECT IDENTIFIER from dotted decimals. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    octets.push(...groups);
  }
  return encode(0x06, Buffer.from(octets));
}

/** UTF8String. */
export function utf8(text: string): Buffer {
  return encode(0x0c, Buffer.from(text, 'utf8'));
}

/** BIT STRING; `unused` counts the bits of the last octet that do not belong to it. */
export function bitString(octets: Buffer, unused = 0): Buffer {
  return encode(0x03, Buffer.concat([Buffer.from([unused]), octets]));
}

/** OCTET STRING. */
export function octetString(octets: Buffer): Buffer {
  return encode(0x04, octets);
}

/** Time as RFC 5280 §4.1.2.5 has it: UTCTime through 2049, GeneralizedTime after; whole seconds. */
export function time(date: Date): Buffer {
  const general = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  const late = date.getUTCFullYear() >= 2050;
  return encode(late ? 0x18 : 0x17, Buffer.from(late ? general : general.slice(2), 'ascii'));
}
