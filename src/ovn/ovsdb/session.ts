import type { Clock } from '../../base/index.ts';
import { isSpeakable } from './accepted-json.ts';
import { asOvsdbError, errorFromServer, OvsdbError } from './errors.ts';
import type { OvsdbErrorCode } from './errors.ts';
import { Framer } from './framing.ts';
import { InactivityProbe } from './probe.ts';
import type { ProbeOptions } from './probe.ts';
import { parseJson, parseJsonInSlices, sliceThreshold } from './sliced-json.ts';
import type { Transport } from './transport.ts';

/** What a session needs. */
export interface SessionOptions {
  readonly clock: Clock;
  readonly probe: ProbeOptions;
  /** Called with each notification, in order; the messages after it wait for its promise. */
  readonly onNotification: (method: string, params: readonly unknown[]) => void | Promise<void>;
}

/** How one call is made. */
export interface CallOptions<T> {
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED. */
  readonly timeoutMs: number;
  /**
   * Takes the result within the order of messages: those after the reply wait for its promise. Its value is the
   * call's. When it throws, the session ends: what follows would build on what was not taken.
   */
  readonly consume?: (result: unknown) => T | Promise<T>;
  /** Gives the call up with ABORTED. */
  readonly signal?: AbortSignal | undefined;
}

interface Call {
  readonly method: string;
  readonly consume: ((result: unknown) => unknown) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: OvsdbError) => void;
  readonly release: () => void;
}

type Message = Readonly<Record<string, unknown>>;

/**
 * JSON-RPC 1.0 over one transport as OVSDB speaks it (RFC 7047 §4): calls with deadlines, notifications, `echo`
 * both ways.
 *
 * Guarantees: messages take effect strictly in the order in which they arrived, so a reply is seen after the
 * changes that the server sent before it. The exception is the server's own `echo`, answered as soon as it is
 * read. Every call settles: by its reply, its deadline, or the end of the session.
 */
export class Session {
  /** Resolves when the session has ended and nothing of it runs any more, with the reason. */
  readonly closed: Promise<OvsdbError>;
  readonly #transport: Transport;
  readonly #options: SessionOptions;
  readonly #framer = new Framer();
  readonly #probe: InactivityProbe;
  readonly #calls = new Map<number, Call>();
  /** What arrived behind a message that is still being parsed or taken. */
  readonly #waiting: (Message | Buffer)[] = [];
  readonly #resolveClosed: (reason: OvsdbError) => void;
  #busy = false;
  #ended: OvsdbError | undefined;
  #transportClosed = false;
  #nextId = 1;

  constructor(transport: Transport, options: SessionOptions) {
    this.#transport = transport;
    this.#options = options;
    const closed = Promise.withResolvers<OvsdbError>();
    this.closed = closed.promise;
    this.#resolveClosed = closed.resolve;
    this.#probe = new InactivityProbe(options.clock, options.probe, {
      ask: () => this.#write({ method: 'echo', params: [], id: 'echo' }),
      giveUp: (silentMs) =>
        this.close(new OvsdbError('CONNECTION_LOST', `the server was silent for ${Math.round(silentMs)} ms`)),
    });
    transport.onData((chunk) => this.#receive(chunk));
    transport.onClose((cause) => {
      this.#transportClosed = true;
      const reason = cause ? `: ${cause.message}` : '';
      this.close(new OvsdbError('CONNECTION_LOST', `the server closed the connection${reason}`, { cause }));
      this.#settleClosed();
    });
  }

  /** Why it ended; undefined while it lives. */
  get ended(): OvsdbError | undefined {
    return this.#ended;
  }

  /**
   * Calls a method.
   *
   * @returns the result, or what `consume` makes of it.
   * @throws OvsdbError the server's error; DEADLINE_EXCEEDED; CONNECTION_LOST when the session ends first;
   * NOT_CONNECTED when it has ended already; INVALID_REQUEST for text that cannot be sent.
   */
  call<T = unknown>(method: string, params: readonly unknown[], options: CallOptions<T>): Promise<T> {
    if (this.#ended)
      return Promise.reject(
        new OvsdbError('NOT_CONNECTED', `${method}: not connected`, { cause: this.#ended }),
      );
    if (options.signal?.aborted === true)
      return Promise.reject(new OvsdbError('ABORTED', `${method}: given up before it was sent`));
    const id = this.#nextId++;
    const text = JSON.stringify({ method, params, id });
    if (!isSpeakable(text)) {
      return Promise.reject(
        new OvsdbError('INVALID_REQUEST', `${method}: OVSDB takes no text with a NUL or half a character`),
      );
    }
    return new Promise<T>((resolve, reject) => {
      const giveUp = (code: OvsdbErrorCode, reason: string): void => {
        this.#forget(id);
        // Keeps a transaction that the server has parked from being committed when nobody waits for it any more.
        if (method === 'transact') this.#write({ method: 'cancel', params: [id], id: null });
        reject(new OvsdbError(code, `${method}: ${reason}`, { outcomeUnknown: method === 'transact' }));
      };
      const onAbort = (): void => giveUp('ABORTED', 'given up by its caller');
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const timer = this.#options.clock.setTimer(options.timeoutMs, () =>
        giveUp('DEADLINE_EXCEEDED', `no reply within ${options.timeoutMs} ms`),
      );
      this.#calls.set(id, {
        method,
        consume: options.consume,
        resolve: resolve as (value: unknown) => void,
        reject,
        release: () => {
          timer.cancel();
          options.signal?.removeEventListener('abort', onAbort);
        },
      });
      this.#transport.write(text);
    });
  }

  /** Takes a call off the list, and its timer and listener with it. */
  #forget(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.release();
    return call;
  }

  /** Ends the session: calls under way fail with CONNECTION_LOST, and `closed` resolves a little later. */
  close(reason: OvsdbError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#probe.stop();
    this.#waiting.length = 0;
    this.#transport.destroy();
    for (const [id, call] of [...this.#calls]) {
      this.#forget(id);
      call.reject(
        new OvsdbError(
          'CONNECTION_LOST',
          `${call.method}: the connection ended before the reply (${reason.message})`,
          {
            cause: reason,
            outcomeUnknown: call.method === 'transact',
          },
        ),
      );
    }
    this.#settleClosed();
  }

  #settleClosed(): void {
    if (this.#ended && this.#transportClosed && !this.#busy) this.#resolveClosed(this.#ended);
  }

  #write(message: Message): void {
    if (!this.#ended) this.#transport.write(JSON.stringify(message));
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#probe.heard();
    try {
      for (const frame of this.#framer.push(chunk)) {
        this.#arrived(frame);
        if (this.ended) return;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #arrived(frame: Buffer): void {
    if (frame.length > sliceThreshold) this.#waiting.push(frame);
    else {
      const message = parseJson(frame) as Message;
      // Not in its turn: the server ends a connection whose echo waits behind the parsing of a large dump.
      if (message['method'] === 'echo') {
        this.#write({ result: message['params'] ?? [], error: null, id: message['id'] });
        return;
      }
      if (!this.#busy) {
        const done = this.#take(message);
        if (!done) return;
        this.#busy = true;
        void this.#drain(done);
        return;
      }
      this.#waiting.push(message);
    }
    if (!this.#busy) {
      this.#busy = true;
      void this.#drain(undefined);
    }
  }

  /** Takes what waits, in order, until nothing does; then messages are taken as they arrive again. */
  async #drain(first: Promise<void> | undefined): Promise<void> {
    try {
      await first;
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const message = Buffer.isBuffer(next) ? ((await parseJsonInSlices(next)) as Message) : next;
        if (this.#ended) break;
        await this.#take(message);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#busy = false;
    this.#settleClosed();
  }

  #take(message: Message): void | Promise<void> {
    const { method, params, id } = message as { method?: unknown; params?: unknown; id?: unknown };
    if (typeof method === 'string') {
      if (id !== null && id !== undefined) {
        this.#write({ result: null, error: 'unknown method', id });
        return undefined;
      }
      return this.#options.onNotification(method, Array.isArray(params) ? params : []);
    }
    const call = typeof id === 'number' ? this.#forget(id) : undefined;
    // Replies to our echo, and those that came after their deadline, need nothing.
    if (!call) return undefined;
    const error = message['error'];
    if (error !== null && error !== undefined) call.reject(errorFromServer(error, call.method));
    else if (call.consume) return this.#consume(call, message['result']);
    else call.resolve(message['result']);
    return undefined;
  }

  #consume(call: Call, result: unknown): void | Promise<void> {
    const failed = (error: unknown): never => {
      const reason = asOvsdbError(error, 'PROTOCOL_ERROR', call.method);
      call.reject(reason);
      throw reason;
    };
    try {
      const taken = call.consume?.(result);
      if (taken instanceof Promise) return taken.then(call.resolve, failed);
      call.resolve(taken);
    } catch (error) {
      failed(error);
    }
  }

  #fail(error: unknown): void {
    this.close(asOvsdbError(error, 'PROTOCOL_ERROR', 'the server sent what cannot be taken'));
  }
}
