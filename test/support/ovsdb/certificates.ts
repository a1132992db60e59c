/** Makes certificates for tests with openssl. */
import { execFile } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Options of openssl for a new elliptic curve key without a password. */
const newKey = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

/** Makes a CA in `dir`: `<name>.crt` and `<name>.key`. */
export async function makeAuthority(dir: string, name: string): Promise<void> {
  const [key, certificate] = [join(dir, `${name}.key`), join(dir, `${name}.crt`)];
  const subject = ['-subj', `/CN=${name}`, '-days', '2'];
  await run('openssl', ['req', '-x509', ...subject, ...newKey, '-keyout', key, '-out', certificate]);
}

/**
 * Makes `<name>.crt` and `<name>.key` in `dir`, signed by the CA `ca` in the same folder. `hosts` is
 * a subjectAltName in the notation of openssl (`IP:127.0.0.1`); empty: none.
 */
export async function makeCertificate(dir: string, ca: string, name: string, hosts = ''): Promise<void> {
  const file = (what: string): string => join(dir, what);
  const request = ['req', '-new', '-subj', `/CN=${name}`, ...newKey, '-keyout', file(`${name}.key`)];
  const extension = hosts === '' ? [] : ['-addext', `subjectAltName=${hosts}`];
  await run('openssl', [...request, ...extension, '-out', file(`${name}.csr`)]);
  const signer = [
    '-CA',
    file(`${ca}.crt`),
    '-CAkey',
    file(`${ca}.key`),
    '-CAcreateserial',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
  ];
  await run('openssl', ['x509', '-req', '-in', file(`${name}.csr`), ...signer, '-out', file(`${name}.crt`)]);
}

/** Two generations of a CA and its certificates, for tests of rotations. */
export type Generation = 'old' | 'new';

/**
 * Makes both generations in `dir`, each with a server and a client certificate, and installs the old
 * generation.
 */
export async function makeGenerations(dir: string): Promise<void> {
  for (const generation of ['old', 'new']) {
    await makeAuthority(dir, `${generation}-ca`);
    for (const name of ['server', 'client'])
      await makeCertificate(dir, `${generation}-ca`, `${generation}-${name}`);
  }
  await rotate(dir, 'old');
}

/**
 * Installs the CA and the certificates of a generation: `ca.crt`, `server.crt`, `server.key`, `client.crt`
 * and `client.key` in `dir`.
 */
export async function rotate(dir: string, generation: Generation): Promise<void> {
  for (const name of ['ca.crt', 'server.crt', 'server.key', 'client.crt', 'client.key'])
    await copyFile(join(dir, `${generation}-${name}`), join(dir, name));
}

/** Returns the arguments of ovsdb-server for its certificate and the CA of its clients. */
export const serverArguments = (dir: string): string[] => [
  `--private-key=${join(dir, 'server.key')}`,
  `--certificate=${join(dir, 'server.crt')}`,
  `--ca-cert=${join(dir, 'ca.crt')}`,
];

/** Returns the settings of the operator for its certificate and the CA of the servers. */
export const clientSettings = (dir: string): Record<string, string> => ({
  'tls-ca': join(dir, 'ca.crt'),
  'tls-cert': join(dir, 'client.crt'),
  'tls-key': join(dir, 'client.key'),
});
