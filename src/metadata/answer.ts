import { EC2_VERSIONS, ec2Tree, isEc2Version } from './ec2.ts';
import type { Instance } from './instance.ts';
import { openstackTree } from './openstack.ts';
import { MAX_TOKEN_SECONDS, type Tokens } from './token.ts';
import { find, listing, text, type Leaf, type Node } from './tree.ts';

/** A request as Node's HTTP server has it: `path` with its query, header names in lower case. */
export interface MetadataRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What to answer. The body is also there for HEAD, which an HTTP server does not send. */
export interface MetadataAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const TOKEN_PATH = 'latest/api/token';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';

/**
 * What the metadata service answers the machine of `instance`. Knows no other machine: who asks was decided before,
 * and no header has a say in it.
 */
export function answer(request: MetadataRequest, instance: Instance, tokens: Tokens): MetadataAnswer {
  const path = segmentsOf(request.path);
  if (path.join('/') === TOKEN_PATH) return answerToken(request, instance, tokens);
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD');
  const token = request.headers[TOKEN_HEADER];
  if (token !== undefined && !(typeof token === 'string' && tokens.isGood(instance.portUID, token))) {
    return refusal(401, 'The session token is not good. Ask for another with PUT /latest/api/token.');
  }
  const node = nodeAt(path, instance);
  if (node === undefined) return refusal(404, 'There is no such document.');
  if (node.kind === 'unavailable') {
    return refusal(503, 'What the Port names cannot be read. The log of the metadata agent says why.');
  }
  return document(node.kind === 'directory' ? listing(node) : node);
}

/** Empty segments are skipped: clients differ in their slashes. Nothing is decoded, no document needs it. */
function segmentsOf(path: string): readonly string[] {
  const [withoutQuery = ''] = path.split('?');
  return withoutQuery.split('/').filter((segment) => segment !== '');
}

function nodeAt([first, ...rest]: readonly string[], instance: Instance): Node | undefined {
  if (first === undefined) return text(EC2_VERSIONS.join('\n'));
  if (first === 'openstack') return find(openstackTree(instance), rest);
  return isEc2Version(first) ? find(ec2Tree(instance), rest) : undefined;
}

/** IMDSv2, "Use IMDSv2" in the user guide of EC2. As there, a token is not handed to a proxy. */
function answerToken(
  { method, headers }: MetadataRequest,
  { portUID }: Instance,
  tokens: Tokens,
): MetadataAnswer {
  if (method !== 'PUT') return notAllowed('PUT');
  if (headers['x-forwarded-for'] !== undefined) return refusal(403, 'Tokens are not handed to proxies.');
  const ttl = headers[TTL_HEADER];
  const seconds = typeof ttl === 'string' && /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
  if (seconds < 1 || seconds > MAX_TOKEN_SECONDS) {
    return refusal(
      400,
      `Say in ${TTL_HEADER} how long the token is to be good: from 1 to ${MAX_TOKEN_SECONDS} seconds.`,
    );
  }
  return document(text(tokens.issue(portUID, seconds)), { [TTL_HEADER]: String(seconds) });
}

function document({ type, body }: Leaf, headers: Readonly<Record<string, string>> = {}): MetadataAnswer {
  return {
    status: 200,
    headers: {
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      // The next machine behind a cache is another.
      'cache-control': 'no-store',
      ...headers,
    },
    body,
  };
}

const notAllowed = (allow: string): MetadataAnswer =>
  refusal(405, `Only ${allow} is answered here.`, { allow });

/** An answer that is only a sentence for people, and a status for programs. */
export function refusal(
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): MetadataAnswer {
  return { ...document(text(`${sentence}\n`), headers), status };
}
