import type { IncomingMessage, ServerResponse } from 'node:http';
import { stringify as stringifyYaml } from 'yaml';
import { ApiError } from '../model/errors.ts';
import { ListExpired } from '../verbs/list.ts';
import type { Routed } from './router.ts';

/** The largest body that is read, in bytes: the real server's limit for JSON. */
const bodyLimit = 3 * 1024 * 1024;

type Headers = Record<string, string | string[]>;

/**
 * Reads the body of a request; empty for the methods that have none.
 * @throws ApiError 413 when it is too large
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (request.method === 'GET' || request.method === 'HEAD') return Buffer.alloc(0);
  const tooLarge = new ApiError(
    413,
    'RequestEntityTooLarge',
    `Request entity too large: limit is ${bodyLimit}`,
  );
  if (Number(request.headers['content-length']) > bodyLimit) throw tooLarge;
  // Plain events: a request is an async iterable too, but that costs as much as half of a small request's routing.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > bodyLimit) reject(tooLarge);
      else chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('error', reject);
  });
}

/** Answers with what a request was routed to; a watch is not answered here. */
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

/** Answers with the Status of an error, whatever was thrown; cuts the connection when the answer has begun already. */
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
  // What is left of a body that was not read would be taken for the next request.
  if (!request.complete && request.method !== 'GET') headers['Connection'] = 'close';
  const metadata = failure instanceof ListExpired ? { continue: failure.continueToken } : status.metadata;
  sendJson(request, response, failure.code, JSON.stringify({ ...status, metadata }), headers);
}

/** JSON, indented for people with curl as the real server does it. */
function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  code: number,
  json: string,
  headers: Headers,
): void {
  const pretty = json.length < bodyLimit && /^(curl|Wget|Mozilla)/.test(request.headers['user-agent'] ?? '');
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

/** As much of the warnings as is kept, in characters: what the real server keeps. */
const warningsLimit = 4 * 1024;
const longWarning = 256;

/**
 * The values of Warning headers (RFC 7234 §5.5, code 299). When there is much to say, each is cut short, and what is
 * still too much is left out.
 */
export function warningHeader(warnings: readonly string[]): string[] {
  const total = warnings.reduce((sum, warning) => sum + warning.length, 0);
  const kept: string[] = [];
  let size = 0;
  for (const warning of new Set(warnings)) {
    const text = total > warningsLimit ? warning.slice(0, longWarning) : warning;
    size += text.length;
    if (size > warningsLimit) break;
    // Header values are octets: UTF-8 goes through as such; what is left of control characters does not.
    const octets = Buffer.from(JSON.stringify(text).replaceAll('\x7f', ''), 'utf8').toString('latin1');
    kept.push(`299 - ${octets}`);
  }
  return kept;
}

/** A bug of this server, shown as what it is. */
function internal(error: unknown): ApiError {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: 'InternalError', message }],
  });
}
