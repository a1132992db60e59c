import type { Clock } from '../../base/index.ts';
import { isAcceptedJson } from './accepted-json.ts';
import { asOvsdbError, errorFromServer, OvsdbError } from './errors.ts';
import type { OvsdbErrorCode } from './errors.ts';
import { Framer } from './framing.ts';
import { InactivityProbe } from './probe.ts';
import type { ProbeOptions } from './probe.ts';
import { SLICE_THRESHOLD_BYTES, parseJson, parseJsonInSlices } from './sliced-json.ts';
import type { Transport } from './transport.ts';

/** The options of a session. */
interface SessionOptions {
  readonly clock: Clock;
  readonly probe: ProbeOptions;
  /** Receives each notification in order. Later messages wait for the returned promise. */
  readonly onNotification: (method: string, params: readonly unknown[]) => void | Promise<void>;
}

/** The options of a call. */
interface CallOptions<T> {
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED. */
  readonly timeoutMs: number;
  /**
   * Processes the result in the order of messages: later messages wait for the returned promise. The value of
   * the promise is the value of the call. If the function throws, the session ends, because later messages
   * depend on the result.
   */
  readonly consume?: (result: unknown) => T | Promise<T>;
  /** Aborts the call; it then fails with ABORTED. */
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
 * JSON-RPC 1.0 over one transport (RFC 7047 §4): calls with deadlines, notifications, and `echo` in both
 * directions.
 *
 * The session processes messages strictly in the order of their arrival, so a call resolves after all changes
 * that the server sent before the reply. The only exception is an `echo` request of the server: the session
 * answers it at once. Every call settles: with its reply, at its deadline, or at the end of the session.
 */
export class Session {
  /** Resolves with the reason when the session has ended and no callback of the session runs anymore. */
  readonly closed: Promise<OvsdbError>;
  readonly #transport: Transport;
  readonly #options: SessionOptions;
  readonly #framer = new Framer();
  readonly #probe: InactivityProbe;
  readonly #calls = new Map<number, Call>();
  /** Messages that arrived after a message that is still in processing. */
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
      sendProbe: () => this.#write({ method: 'echo', params: [], id: 'echo' }),
      closeConnection: (silentMs) =>
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

  /** The reason why the session ended; undefined before the end. */
  get ended(): OvsdbError | undefined {
    return this.#ended;
  }

  /**
   * Calls a method.
   *
   * @returns the result, or the value of `consume`
   * @throws OvsdbError the error of the server
   * @throws OvsdbError DEADLINE_EXCEEDED after `timeoutMs`, or ABORTED by `signal`
   * @throws OvsdbError CONNECTION_LOST when the session ends before the reply, or NOT_CONNECTED after its end
   * @throws OvsdbError INVALID_REQUEST when the parameters contain text that OVS rejects
   */
  call<T = unknown>(method: string, params: readonly unknown[], options: CallOptions<T>): Promise<T> {
    if (this.#ended)
      return Promise.reject(
        new OvsdbError('NOT_CONNECTED', `${method}: not connected`, { cause: this.#ended }),
      );
    if (options.signal?.aborted === true)
      return Promise.reject(new OvsdbError('ABORTED', `${method}: aborted before it was sent`));
    const id = this.#nextId++;
    const text = JSON.stringify({ method, params, id });
    if (!isAcceptedJson(text)) {
      return Promise.reject(
        new OvsdbError(
          'INVALID_REQUEST',
          `${method}: the request contains a NUL or a lone surrogate, which OVSDB does not accept`,
        ),
      );
    }
    return new Promise<T>((resolve, reject) => {
      const fail = (code: OvsdbErrorCode, reason: string): void => {
        this.#forget(id);
        // Cancels a transaction that the server has not executed yet, so that it is not committed later.
        if (method === 'transact') this.#write({ method: 'cancel', params: [id], id: null });
        reject(new OvsdbError(code, `${method}: ${reason}`, { outcomeUnknown: method === 'transact' }));
      };
      const onAbort = (): void => fail('ABORTED', 'aborted by the caller');
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const timer = this.#options.clock.setTimer(options.timeoutMs, () =>
        fail('DEADLINE_EXCEEDED', `no reply within ${options.timeoutMs} ms`),
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

  /** Removes a call with its timer and its listener. */
  #forget(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    call?.release();
    return call;
  }

  /** Ends the session. Calls in flight fail with CONNECTION_LOST. `closed` resolves later. */
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
    this.#probe.received();
    try {
      for (const frame of this.#framer.push(chunk)) {
        this.#onFrame(frame);
        if (this.ended) return;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #onFrame(frame: Buffer): void {
    if (frame.length > SLICE_THRESHOLD_BYTES) this.#waiting.push(frame);
    else {
      const message = parseJson(frame) as Message;
      // Answer at once: the server closes the connection if the answer waits for the parsing of a large dump.
      if (message['method'] === 'echo') {
        this.#write({ result: message['params'] ?? [], error: null, id: message['id'] });
        return;
      }
      if (!this.#busy) {
        const done = this.#process(message);
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

  /** Processes the waiting messages in order. Afterwards the session processes messages on arrival again. */
  async #drain(first: Promise<void> | undefined): Promise<void> {
    try {
      await first;
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const message = Buffer.isBuffer(next) ? ((await parseJsonInSlices(next)) as Message) : next;
        if (this.#ended) break;
        await this.#process(message);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#busy = false;
    this.#settleClosed();
  }

  #process(message: Message): void | Promise<void> {
    const { method, params, id } = message as { method?: unknown; params?: unknown; id?: unknown };
    if (typeof method === 'string') {
      if (id !== null && id !== undefined) {
        this.#write({ result: null, error: 'unknown method', id });
        return undefined;
      }
      return this.#options.onNotification(method, Array.isArray(params) ? params : []);
    }
    const call = typeof id === 'number' ? this.#forget(id) : undefined;
    // Ignore the reply to a probe, and a reply after the deadline of its call.
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
      const consumed = call.consume?.(result);
      if (consumed instanceof Promise) return consumed.then(call.resolve, failed);
      call.resolve(consumed);
    } catch (error) {
      failed(error);
    }
  }

  #fail(error: unknown): void {
    this.close(asOvsdbError(error, 'PROTOCOL_ERROR', 'cannot process a message of the server'));
  }
}
