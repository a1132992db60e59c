/** The events of a watch in order. */
import type { IncomingMessage } from 'node:http';
import type { ApiObject } from './api-object.ts';
import { WAIT_TIMEOUT_MS } from './eventually.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: ApiObject;
}

export class WatchStream {
  readonly #response: IncomingMessage;
  readonly #events: WatchEvent[] = [];
  #rest = '';
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#events.push(JSON.parse(line) as WatchEvent);
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    response.on('close', end);
    response.on('error', end);
  }

  /** True after the server has closed the stream. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Returns the next event, or undefined when the stream has ended.
   *
   * @throws Error when no event arrives in time
   */
  async next(): Promise<WatchEvent | undefined> {
    const deadline = Date.now() + WAIT_TIMEOUT_MS;
    while (this.#events.length === 0 && !this.#ended) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no watch event within ${WAIT_TIMEOUT_MS} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#events.shift();
  }

  /**
   * Returns the first event that matches, and drops earlier events.
   *
   * @throws Error when the stream ends first
   */
  async until(fits: (event: WatchEvent) => boolean): Promise<WatchEvent> {
    for (;;) {
      const event = await this.next();
      if (event === undefined) throw new Error('the watch ended');
      if (fits(event)) return event;
    }
  }

  stop(): void {
    this.#response.destroy();
  }
}
