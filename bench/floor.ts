/** The floor: sends the same requests as the operator, without any logic. */
import type { BareClient } from './http.ts';
import type { BareOvsdb } from './ovsdb.ts';
import type { Filled, Template } from './template.ts';
import { floorWorld, pathOf } from './world.ts';

/** The fields of a Port that the floor needs. */
interface PortIdentity {
  readonly name: string;
  readonly uid: string;
}

/** The number of Ports per transaction. About 100 is the fastest for a Raft cluster (design of the OVSDB client). */
const PORTS_PER_TRANSACTION = 100;
/** The number of concurrent status patches. It equals the number of clients that create Ports. */
const CONCURRENT_PATCHES = 16;

export class Floor {
  /** The database for rows. The owner may replace it between rounds. */
  nb: BareOvsdb;
  readonly #client: BareClient;
  readonly #template: Template;
  readonly #onError: (error: unknown) => void;
  readonly #rows: [name: string, filled: Filled][] = [];
  readonly #statuses: [name: string, filled: Filled][] = [];
  #index = 0;
  #writing = false;
  #patching = 0;

  /** `onError` receives the errors of `add`. */
  constructor(client: BareClient, nb: BareOvsdb, template: Template, onError: (error: unknown) => void) {
    this.#client = client;
    this.nb = nb;
    this.#template = template;
    this.#onError = onError;
  }

  /** Writes the rows of one Port, then its status. */
  async writePort({ name, uid }: PortIdentity): Promise<void> {
    const filled = this.#template.fill(name, uid, this.#index++);
    await this.nb.transactText(filled.operations);
    await this.#patch(name, filled);
  }

  /** Adds a Port to the queue. Rows are written in batches, one transaction at a time; status patches are concurrent. */
  add({ name, uid }: PortIdentity): void {
    this.#rows.push([name, this.#template.fill(name, uid, this.#index++)]);
    if (!this.#writing) this.#write().catch(this.#onError);
  }

  async #write(): Promise<void> {
    this.#writing = true;
    // Wait for the other events of the same chunk of the watch, so that they are in the first batch too.
    await Promise.resolve();
    while (this.#rows.length > 0) {
      const batch = this.#rows.splice(0, PORTS_PER_TRANSACTION);
      await this.nb.transactText(batch.map(([, { operations }]) => operations).join(','));
      this.#statuses.push(...batch);
      while (this.#patching < CONCURRENT_PATCHES && this.#statuses.length > 0)
        this.#patchAll().catch(this.#onError);
    }
    this.#writing = false;
  }

  async #patchAll(): Promise<void> {
    this.#patching++;
    for (let next = this.#statuses.shift(); next !== undefined; next = this.#statuses.shift()) {
      await this.#patch(...next);
    }
    this.#patching--;
  }

  #patch(name: string, { status }: Filled): Promise<string> {
    const path = `${pathOf(floorWorld, 'ports', name)}/status`;
    return this.#client.send('PATCH', path, status, 'application/json-patch+json');
  }
}
