import { EC2_VERSIONS, ec2Tree, isEc2Version } from './ec2.ts';
import type { Instance } from './instance.ts';
import { openstackTree } from './openstack.ts';
import { MAX_TOKEN_SECONDS, type Tokens } from './token.ts';
import { find, listing, text, type Leaf, type Node } from './tree.ts';

/** A request in the form of Node's HTTP server: `path` includes the query; header names are in lower case. */
export interface MetadataRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** The answer to a request. The body is also set for HEAD; the HTTP server does not send it. */
export interface MetadataAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

const TOKEN_PATH = 'latest/api/token';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';

/**
 * Returns the answer of the metadata service to a request from the machine of `instance`. The caller identifies the
 * machine; the headers of the request have no influence on the identity.
 */
export function answer(request: MetadataRequest, instance: Instance, tokens: Tokens): MetadataAnswer {
  const path = segmentsOf(request.path);
  if (path.join('/') === TOKEN_PATH) return answerToken(request, instance, tokens);
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD');
  const token = request.headers[TOKEN_HEADER];
  if (token !== undefined && !(typeof token === 'string' && tokens.isValid(instance.portUid, token))) {
    return refusal(
      401,
      'The session token is invalid or expired. Request a new token with PUT /latest/api/token.',
    );
  }
  const node = nodeAt(path, instance);
  if (node === undefined) return refusal(404, 'Document not found.');
  if (node.kind === 'unavailable') {
    return refusal(
      503,
      'The metadata agent cannot read the Secret or ConfigMap of the Port. The log of the agent has the reason.',
    );
  }
  return document(node.kind === 'directory' ? listing(node) : node);
}

/**
 * Splits a path. Empty segments are ignored, because clients differ in their slashes. No document needs URL decoding.
 */
function segmentsOf(path: string): readonly string[] {
  const [withoutQuery = ''] = path.split('?');
  return withoutQuery.split('/').filter((segment) => segment !== '');
}

function nodeAt([first, ...rest]: readonly string[], instance: Instance): Node | undefined {
  if (first === undefined) return text(EC2_VERSIONS.join('\n'));
  if (first === 'openstack') return find(openstackTree(instance), rest);
  return isEc2Version(first) ? find(ec2Tree(instance), rest) : undefined;
}

/** Answers a token request as in IMDSv2 ("Use IMDSv2" in the user guide of EC2). As in EC2, a proxy gets no token. */
function answerToken(
  { method, headers }: MetadataRequest,
  { portUid }: Instance,
  tokens: Tokens,
): MetadataAnswer {
  if (method !== 'PUT') return notAllowed('PUT');
  if (headers['x-forwarded-for'] !== undefined)
    return refusal(403, 'The service does not issue tokens to proxies.');
  const ttl = headers[TTL_HEADER];
  const seconds = typeof ttl === 'string' && /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
  if (seconds < 1 || seconds > MAX_TOKEN_SECONDS) {
    return refusal(
      400,
      `Set ${TTL_HEADER} to the lifetime of the token: from 1 to ${MAX_TOKEN_SECONDS} seconds.`,
    );
  }
  return document(text(tokens.issue(portUid, seconds)), { [TTL_HEADER]: String(seconds) });
}

function document({ type, body }: Leaf, headers: Readonly<Record<string, string>> = {}): MetadataAnswer {
  return {
    status: 200,
    headers: {
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      // A cache could otherwise serve the document to another machine.
      'cache-control': 'no-store',
      ...headers,
    },
    body,
  };
}

const notAllowed = (allow: string): MetadataAnswer =>
  refusal(405, `Method not allowed. Use ${allow}.`, { allow });

/** Returns an answer with a status and a sentence for people. */
export function refusal(
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): MetadataAnswer {
  return { ...document(text(`${sentence}\n`), headers), status };
}
