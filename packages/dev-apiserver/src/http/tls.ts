import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';
import * as der from './der.ts';

/** The key and the certificates of a TLS server, in PEM. */
export interface ServerIdentity {
  /** The certificate of the authority. Each server has its own authority. Its private key is not kept. */
  readonly caCert: string;
  readonly cert: string;
  readonly key: string;
}

const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
const VALIDITY_MS = 365 * 24 * 3600 * 1000;
const CLOCK_SKEW_MS = 5 * 60 * 1000;

interface CertificateRequest {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly now: Date;
  readonly extensions: readonly Buffer[];
}

/**
 * Creates a certificate authority and a server certificate (RFC 5280, ECDSA P-256). Both are valid from five
 * minutes ago for one year. `hosts` contains the names and IPv4 addresses of the server.
 */
export function createServerIdentity(hosts: readonly string[], now: Date): ServerIdentity {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = 'overlay-network development CA';
  const common = { issuer, issuerPublicKey: authority.publicKey, issuerKey: authority.privateKey, now };
  const caCert = certificate({
    ...common,
    subject: issuer,
    publicKey: authority.publicKey,
    extensions: [
      extension('2.5.29.19', true, der.sequence(der.booleanTrue())), // basicConstraints: a CA
      extension('2.5.29.15', true, der.bitString(Buffer.from([0x06]), 1)), // keyUsage: keyCertSign, cRLSign
    ],
  });
  const cert = certificate({
    ...common,
    subject: 'overlay-network development API server',
    publicKey: server.publicKey,
    extensions: [
      extension('2.5.29.19', true, der.sequence()),
      extension('2.5.29.15', true, der.bitString(Buffer.from([0x80]), 7)), // keyUsage: digitalSignature
      extension('2.5.29.37', false, der.sequence(der.oid('1.3.6.1.5.5.7.3.1'))), // extKeyUsage: serverAuth
      extension('2.5.29.17', false, der.sequence(...hosts.map(generalName))), // subjectAltName
    ],
  });
  return { caCert, cert, key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

function certificate(request: CertificateRequest): string {
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))), // version 3
    der.integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    ecdsaWithSha256,
    commonName(request.issuer),
    der.sequence(
      der.time(new Date(request.now.getTime() - CLOCK_SKEW_MS)),
      der.time(new Date(request.now.getTime() + VALIDITY_MS)),
    ),
    commonName(request.subject),
    publicKeyInfo(request.publicKey),
    der.explicit(
      3,
      der.sequence(
        ...request.extensions,
        extension('2.5.29.14', false, der.octetString(keyIdentifier(request.publicKey))),
        extension('2.5.29.35', false, der.sequence(der.implicit(0, keyIdentifier(request.issuerPublicKey)))),
      ),
    ),
  );
  const whole = der.sequence(body, ecdsaWithSha256, der.bitString(sign('sha256', body, request.issuerKey)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function commonName(name: string): Buffer {
  return der.sequence(der.setOf(der.sequence(der.oid('2.5.4.3'), der.utf8(name))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(id), ...(critical ? [der.booleanTrue()] : []), der.octetString(value));
}

function generalName(host: string): Buffer {
  if (isIPv4(host)) return der.implicit(7, Buffer.from(host.split('.').map(Number)));
  return der.implicit(2, Buffer.from(host, 'ascii'));
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/**
 * Returns the key identifier by which clients build certificate chains (RFC 5280 §4.2.1.2). The RFC allows
 * any function of the key.
 */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha256').update(publicKeyInfo(key)).digest().subarray(0, 20);
}
