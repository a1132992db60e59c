import type { IncomingMessage, ServerResponse } from 'node:http';
import { stringify as stringifyYaml } from 'yaml';
import { ApiError } from '../model/errors.ts';
import { ListExpired } from '../verbs/list.ts';
import type { Routed } from './router.ts';

/** The maximum size of a request body. This is the limit of a real server for JSON. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

type Headers = Record<string, string | string[]>;

/**
 * Reads the body of a request. Returns an empty buffer for methods without a body.
 *
 * @throws ApiError 413 when the body is too large
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (request.method === 'GET' || request.method === 'HEAD') return Buffer.alloc(0);
  const tooLarge = new ApiError(
    413,
    'RequestEntityTooLarge',
    `Request entity too large: limit is ${MAX_BODY_BYTES}`,
  );
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES) throw tooLarge;
  // Event handlers are faster than the async iterator of a request, which costs half as much as routing a
  // small request.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) reject(tooLarge);
      else chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('error', reject);
  });
}

/** Sends the answer of the router, except for watches. */
export function sendRouted(
  request: IncomingMessage,
  response: ServerResponse,
  routed: Exclude<Routed, { kind: 'watch' }>,
): void {
  if (routed.kind === 'nothing') {
    send(request, response, 404, 'text/plain; charset=utf-8', '404 page not found\n');
  } else if (routed.kind === 'bytes') {
    send(request, response, 200, routed.contentType, routed.body);
  } else {
    const headers: Headers = routed.warnings.length === 0 ? {} : { Warning: warningHeader(routed.warnings) };
    if (routed.contentType !== undefined) {
      send(request, response, routed.code, routed.contentType, routed.json, headers);
    } else if (routed.yaml) {
      send(
        request,
        response,
        routed.code,
        'application/yaml',
        stringifyYaml(JSON.parse(routed.json)),
        headers,
      );
    } else {
      sendJson(request, response, routed.code, routed.json, headers);
    }
  }
}

/** Sends the Status of an error. Closes the connection when a part of the answer is already sent. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const failure = error instanceof ApiError ? error : internal(error);
  const status = failure.toStatus();
  const headers: Headers = {};
  const retryAfter = failure.details?.retryAfterSeconds;
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
  // Without this header, Node would read the rest of the unread body as the next request.
  if (!request.complete && request.method !== 'GET') headers['Connection'] = 'close';
  const metadata = failure instanceof ListExpired ? { continue: failure.continueToken } : status.metadata;
  sendJson(request, response, failure.code, JSON.stringify({ ...status, metadata }), headers);
}

/** Sends JSON. Like a real server, indents the JSON for curl, wget and browsers. */
function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  json: string,
  headers: Headers,
): void {
  const pretty =
    json.length < MAX_BODY_BYTES && /^(curl|Wget|Mozilla)/.test(request.headers['user-agent'] ?? '');
  const body = pretty ? JSON.stringify(JSON.parse(json), undefined, 2) : json;
  send(request, response, code, 'application/json', body, headers);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  contentType: string,
  body: Buffer | string,
  headers: Headers = {},
): void {
  response.writeHead(code, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-cache, private',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The limits of a real server for the length of all warnings and of one warning, in characters. */
const MAX_WARNINGS_LENGTH = 4 * 1024;
const MAX_WARNING_LENGTH = 256;

/**
 * Returns the values of the Warning headers (RFC 7234 §5.5, code 299). If the total length exceeds the limit,
 * truncates each warning and omits the warnings that exceed the limit even so.
 */
export function warningHeader(warnings: readonly string[]): string[] {
  const total = warnings.reduce((sum, warning) => sum + warning.length, 0);
  const kept: string[] = [];
  let size = 0;
  for (const warning of new Set(warnings)) {
    const text = total > MAX_WARNINGS_LENGTH ? warning.slice(0, MAX_WARNING_LENGTH) : warning;
    size += text.length;
    if (size > MAX_WARNINGS_LENGTH) break;
    // Header values are octets. UTF-8 bytes are allowed. JSON.stringify has escaped the other control
    // characters.
    const octets = Buffer.from(JSON.stringify(text).replaceAll('\x7f', ''), 'utf8').toString('latin1');
    kept.push(`299 - ${octets}`);
  }
  return kept;
}

/** Converts an unexpected error, which is a bug of this server, into a 500 with its stack. */
function internal(error: unknown): ApiError {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: 'InternalError', message }],
  });
}
