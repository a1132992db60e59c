import type http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import process from 'node:process';
import tls from 'node:tls';
import { withoutPassword } from './proxy.ts';

/** The time within which the proxy must answer, in ms. The deadlines of the requests are usually shorter. */
const ANSWER_TIMEOUT_MS = 30_000;

type Created = (error: Error | null, socket?: net.Socket) => void;

/** Returns agents whose connections pass through a proxy (RFC 9110 §9.3.6, CONNECT), for requests and streams. */
export function tunnelAgent(proxy: string, isTls: boolean, options: https.AgentOptions): http.Agent {
  const create = (target: tls.ConnectionOptions, created: Created): undefined => {
    connectThrough(proxy, target.host ?? '', Number(target.port), (error, socket) => {
      if (error !== null || socket === undefined) created(error);
      else created(null, isTls ? tls.connect({ ...target, socket, servername: serverName(target) }) : socket);
    });
  };
  const { Agent } = isTls ? https : process.getBuiltinModule('node:http');
  return Object.assign(new Agent(options), { createConnection: create });
}

/** An IP address is not a valid server name (RFC 6066 §3). */
const serverName = ({ servername, host = '' }: tls.ConnectionOptions): string =>
  servername ?? (net.isIP(host) === 0 ? host : '');

function connectThrough(proxy: string, host: string, port: number, created: Created): void {
  const url = new URL(proxy);
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  const to = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
  const socket =
    url.protocol === 'https:' ? tls.connect({ ...to, servername: serverName(to) }) : net.connect(to);
  const fail = (why: string, code = 'EPROXY'): void => {
    socket.destroy();
    const message = `the proxy ${withoutPassword(proxy)} does not connect to ${authority}: ${why}`;
    created(Object.assign(new Error(message), { code }));
  };
  let answer = '';
  const onData = (chunk: Buffer): void => {
    answer += chunk.toString('latin1');
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0 && answer.length < 16_384) return;
    stop();
    const status = /^HTTP\/1\.[01] (\d{3}[^\r]*)/.exec(answer)?.[1] ?? 'it does not answer with HTTP';
    if (end < 0 || !status.startsWith('2')) fail(status);
    else {
      socket.unshift(Buffer.from(answer.slice(end + 4), 'latin1'));
      created(null, socket);
    }
  };
  const onError = (error: NodeJS.ErrnoException): void => {
    stop();
    fail(error.message, error.code);
  };
  const onClose = (): void => {
    stop();
    fail('it closed the connection');
  };
  const onTimeout = (): void => {
    stop();
    fail(`it did not answer within ${ANSWER_TIMEOUT_MS} ms`, 'ETIMEDOUT');
  };
  const stop = (): void => {
    socket.setTimeout(0);
    socket.off('data', onData).off('error', onError).off('close', onClose).off('timeout', onTimeout);
    socket.on('error', () => undefined);
  };
  socket.on('data', onData).on('error', onError).on('close', onClose).on('timeout', onTimeout);
  socket.setTimeout(ANSWER_TIMEOUT_MS);
  const user = decodeURIComponent(`${url.username}:${url.password}`);
  const authorization =
    url.username === '' ? '' : `Proxy-Authorization: Basic ${Buffer.from(user).toString('base64')}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`);
}
