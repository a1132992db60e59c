import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as der from '../../src/http/der.ts';
import { createServerIdentity } from '../../src/http/tls.ts';

const now = new Date('2030-06-01T12:00:00Z');

describe('the identity of the server', () => {
  const identity = createServerIdentity(['127.0.0.1', 'localhost'], now);
  const ca = new X509Certificate(identity.caCert);
  const cert = new X509Certificate(identity.cert);

  it('contains a certificate that its authority has signed', () => {
    expect(cert.verify(ca.publicKey)).toBe(true);
    expect(cert.checkIssued(ca)).toBe(true);
    expect(ca.ca).toBe(true);
    expect(cert.ca).toBe(false);
  });

  it('is valid for the given hosts and no others', () => {
    expect(cert.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(cert.checkHost('localhost')).toBe('localhost');
    expect(cert.checkIP('127.0.0.2')).toBeUndefined();
    expect(cert.checkHost('example.com')).toBeUndefined();
  });

  it('is valid from five minutes ago for one year', () => {
    expect(new Date(cert.validFrom)).toEqual(new Date('2030-06-01T11:55:00Z'));
    expect(new Date(cert.validTo)).toEqual(new Date('2031-06-01T12:00:00Z'));
  });

  it('contains the private key of the certificate', () => {
    expect(cert.checkPrivateKey(createPrivateKey(identity.key))).toBe(true);
  });

  it('is different for each server', () => {
    const other = new X509Certificate(createServerIdentity(['localhost'], now).cert);
    expect(other.serialNumber).not.toBe(cert.serialNumber);
    expect(other.verify(ca.publicKey)).toBe(false);
  });
});

describe('the DER encoder', () => {
  it('writes lengths in the short and in both long forms', () => {
    expect(der.octetString(Buffer.alloc(127)).subarray(0, 2).toString('hex')).toBe('047f');
    expect(der.octetString(Buffer.alloc(128)).subarray(0, 3).toString('hex')).toBe('048180');
    expect(der.octetString(Buffer.alloc(300)).subarray(0, 4).toString('hex')).toBe('0482012c');
  });

  it('keeps integers positive and minimal', () => {
    expect(der.integer(Buffer.from([0])).toString('hex')).toBe('020100');
    expect(der.integer(Buffer.from([0, 0, 0x7f])).toString('hex')).toBe('02017f');
    expect(der.integer(Buffer.from([0x80])).toString('hex')).toBe('02020080');
  });

  it('writes object identifiers in base 128', () => {
    expect(der.oid('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
  });

  it('writes years from 2050 on in four digits', () => {
    expect(der.time(new Date('2049-12-31T23:59:59Z')).toString('latin1')).toBe('\x17\x0d491231235959Z');
    expect(der.time(new Date('2050-01-01T00:00:00Z')).toString('latin1')).toBe('\x18\x0f20500101000000Z');
  });
});
