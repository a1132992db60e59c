/**
 * Encodes the ASN.1 values of a certificate (RFC 5280) in DER (X.690). Each function returns a complete
 * encoding.
 */

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

/** Encodes a SEQUENCE. */
export function sequence(...items: readonly Buffer[]): Buffer {
  return encode(0x30, Buffer.concat(items));
}

/** Encodes a SET OF. The caller has sorted the items. */
export function setOf(...items: readonly Buffer[]): Buffer {
  return encode(0x31, Buffer.concat(items));
}

/** Encodes a context-specific constructed tag, `[n] EXPLICIT`. */
export function explicit(n: number, content: Buffer): Buffer {
  return encode(0xa0 | n, content);
}

/** Encodes a context-specific primitive tag, `[n] IMPLICIT OCTET STRING`. */
export function implicit(n: number, content: Buffer): Buffer {
  return encode(0x80 | n, content);
}

/** Encodes a non-negative INTEGER from its big-endian octets. */
export function integer(octets: Buffer): Buffer {
  const first = octets.findIndex((octet) => octet !== 0);
  const digits = first === -1 ? Buffer.from([0]) : octets.subarray(first);
  return encode(0x02, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits);
}

/** Encodes BOOLEAN TRUE. */
export function booleanTrue(): Buffer {
  return encode(0x01, Buffer.from([0xff]));
}

/** Encodes an OBJECT IDENTIFIER from dotted decimals. */
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

/** Encodes a UTF8String. */
export function utf8(text: string): Buffer {
  return encode(0x0c, Buffer.from(text, 'utf8'));
}

/** Encodes a BIT STRING. `unused` is the number of unused bits in the last octet. */
export function bitString(octets: Buffer, unused = 0): Buffer {
  return encode(0x03, Buffer.concat([Buffer.from([unused]), octets]));
}

/** Encodes an OCTET STRING. */
export function octetString(octets: Buffer): Buffer {
  return encode(0x04, octets);
}

/** Encodes a time in whole seconds: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5). */
export function time(date: Date): Buffer {
  const general = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  const late = date.getUTCFullYear() >= 2050;
  return encode(late ? 0x18 : 0x17, Buffer.from(late ? general : general.slice(2), 'ascii'));
}
