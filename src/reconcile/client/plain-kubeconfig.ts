/**
 * The plain forms of being let in, read without @kubernetes/client-node: a pod's service account, and a kubeconfig
 * with tokens and certificates. An operator in a pod needs nothing else, and then starts in half the time and with
 * 85 MB less. Whatever else a kubeconfig may hold is none of this file's business.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { dirname, isAbsolute, join } from 'node:path';
import process from 'node:process';
import { parse as parseYaml } from 'yaml';
import type { Connection, ConnectionSource } from './connection.ts';

/** The environment as kubectl looks at it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of a pod's service account. */
  readonly serviceAccount: string;
}

const ours: Surroundings = {
  env: process.env,
  serviceAccount: '/var/run/secrets/kubernetes.io/serviceaccount',
};

/** A value, or the absolute path of the file that has it. */
type Text = { readonly text: string } | { readonly file: string } | undefined;

/** How to reach the server and be let in, before files are read. */
interface Plain {
  readonly server: string;
  readonly ca: Text;
  readonly cert: Text;
  readonly key: Text;
  readonly token: Text;
  readonly basic: string | undefined;
  readonly servername: string | undefined;
  readonly insecure: boolean;
}

/**
 * A source of connections from `path`, or from where kubectl finds a kubeconfig or a service account. Undefined when
 * that is not there, not valid, or of another than the plain forms: somebody who knows them all has to look. Files are
 * read anew at each call of the source.
 */
export function plainSource(path?: string, surroundings = ours): ConnectionSource | undefined {
  const { env, serviceAccount } = surroundings;
  const file = path ?? defaultFile(env);
  const plain = file === undefined ? inPod(env, serviceAccount) : inFile(file);
  return plain === undefined ? undefined : () => connect(plain);
}

/** The one file that a KUBECONFIG names, or that of the home folder. */
function defaultFile(env: Surroundings['env']): string | undefined {
  // Several files in it make no such file; then it is not plain.
  if (env['KUBECONFIG'] !== undefined && env['KUBECONFIG'] !== '') return env['KUBECONFIG'];
  const inHome = join(env['HOME'] ?? '', '.kube', 'config');
  return env['HOME'] !== undefined && existsSync(inHome) ? inHome : undefined;
}

function inPod(env: Surroundings['env'], folder: string): Plain | undefined {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '';
  const token = join(folder, 'token');
  if (host === '' || port === '' || !existsSync(token)) return undefined;
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    ca: { file: join(folder, 'ca.crt') },
    cert: undefined,
    key: undefined,
    token: { file: token },
    basic: undefined,
    servername: undefined,
    insecure: false,
  };
}

class NotPlain extends Error {}

function inFile(file: string): Plain | undefined {
  try {
    return read(parseYaml(readFileSync(file, 'utf8')), dirname(file));
  } catch {
    return undefined;
  }
}

/** @throws NotPlain, or a TypeError for what is no kubeconfig at all */
function read(document: unknown, folder: string): Plain {
  const config = document as Record<string, unknown>;
  const context = new Fields(entry(config, 'context', config['current-context']), folder);
  const cluster = new Fields(entry(config, 'cluster', context.text('cluster')), folder);
  const user = new Fields(entry(config, 'user', context.text('user')), folder);
  const token = user.value('token');
  const plain = {
    server: (cluster.text('server') ?? '').replace(/\/$/, ''),
    ca: cluster.dataOrFile('certificate-authority'),
    servername: cluster.text('tls-server-name'),
    insecure: cluster.flag('insecure-skip-tls-verify'),
    cert: user.dataOrFile('client-certificate'),
    key: user.dataOrFile('client-key'),
    token: user.file('tokenFile') ?? token,
    basic: basicOf(user.text('username'), user.text('password')),
  };
  const both = plain.token !== undefined && plain.basic !== undefined;
  if (!plain.server.startsWith('https:') || both) throw new NotPlain();
  for (const fields of [context, cluster, user]) fields.expectOnly(...irrelevant);
  return plain;
}

/** What may stand beside the fields that are read, and changes nothing about how the server is reached. */
const irrelevant = ['namespace', 'extensions', 'disable-compression'];

/** The member of `<kind>s` with this name. */
function entry(config: Record<string, unknown>, kind: string, name: unknown): Record<string, unknown> {
  const list = config[`${kind}s`] as readonly Record<string, unknown>[];
  const found = list.find((candidate) => candidate['name'] === name)?.[kind];
  if (typeof name !== 'string' || typeof found !== 'object' || found === null) throw new NotPlain();
  return found as Record<string, unknown>;
}

/** The fields of one entry; which of them were asked for is remembered. */
class Fields {
  readonly #fields: Record<string, unknown>;
  readonly #folder: string;
  readonly #known = new Set<string>();

  constructor(fields: Record<string, unknown>, folder: string) {
    this.#fields = fields;
    this.#folder = folder;
  }

  /** An empty text is none. */
  text(name: string): string | undefined {
    this.#known.add(name);
    const value = this.#fields[name] ?? '';
    if (typeof value !== 'string') throw new NotPlain();
    return value === '' ? undefined : value;
  }

  value(name: string): Text {
    const text = this.text(name);
    return text === undefined ? undefined : { text };
  }

  file(name: string): Text {
    const path = this.text(name);
    if (path === undefined) return undefined;
    return { file: isAbsolute(path) ? path : join(this.#folder, path) };
  }

  /** Data goes before the file, as client-go has it. */
  dataOrFile(name: string): Text {
    const file = this.file(name);
    const data = this.text(`${name}-data`);
    return data === undefined ? file : { text: Buffer.from(data, 'base64').toString('utf8') };
  }

  flag(name: string): boolean {
    this.#known.add(name);
    const value = this.#fields[name] ?? false;
    if (typeof value !== 'boolean') throw new NotPlain();
    return value;
  }

  /** Anything beyond what was asked for, and `more`, is another way of being let in. */
  expectOnly(...more: readonly string[]): void {
    const isOther = (name: string): boolean => !this.#known.has(name) && !more.includes(name);
    if (Object.keys(this.#fields).some(isOther)) throw new NotPlain();
  }
}

function basicOf(username: string | undefined, password: string | undefined): string | undefined {
  if (username === undefined) return undefined;
  return Buffer.from(`${username}:${password ?? ''}`).toString('base64');
}

async function connect({ server, servername, insecure, basic, ...files }: Plain): Promise<Connection> {
  const [ca, cert, key, token] = await Promise.all(
    [files.ca, files.cert, files.key, files.token].map(contentOf),
  );
  const authorization = token === undefined ? basic && `Basic ${basic}` : `Bearer ${token.trim()}`;
  return {
    server,
    headers: authorization === undefined ? {} : { Authorization: authorization },
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      ...(insecure && { rejectUnauthorized: false }),
    },
  };
}

async function contentOf(value: Text): Promise<string | undefined> {
  if (value === undefined) return undefined;
  return 'text' in value ? value.text : readFile(value.file, 'utf8');
}
