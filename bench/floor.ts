/** The floor: what the operator sends, with no logic. */
import type { BareClient } from './http.ts';
import type { BareOvsdb } from './ovsdb.ts';
import type { Filled, Template } from './template.ts';
import { floor, pathOf } from './world.ts';

/** What the floor needs to know of a Port. */
export interface PortIdentity {
  readonly name: string;
  readonly uid: string;
}

/** Ports whose rows go into one transaction: about the best for a raft cluster (design of the OVSDB client). */
const batchSize = 100;
/** Status patches under way at a time: as many as there are clients that create. */
const patchers = 16;

export class Floor {
  /** Where rows go; may be changed between rounds. */
  nb: BareOvsdb;
  readonly #client: BareClient;
  readonly #template: Template;
  readonly #failed: (error: unknown) => void;
  readonly #rows: [name: string, filled: Filled][] = [];
  readonly #statuses: [name: string, filled: Filled][] = [];
  #index = 0;
  #writing = false;
  #patching = 0;

  /** `failed` is told of errors of `add`. */
  constructor(client: BareClient, nb: BareOvsdb, template: Template, failed: (error: unknown) => void) {
    this.#client = client;
    this.nb = nb;
    this.#template = template;
    this.#failed = failed;
  }

  /** One Port, one step after the other. */
  async one({ name, uid }: PortIdentity): Promise<void> {
    const filled = this.#template.fill(name, uid, this.#index++);
    await this.nb.transactText(filled.operations);
    await this.#patch(name, filled);
  }

  /** One of many Ports: rows go in batches, one transaction at a time; status patches side by side. */
  add({ name, uid }: PortIdentity): void {
    this.#rows.push([name, this.#template.fill(name, uid, this.#index++)]);
    if (!this.#writing) this.#write().catch(this.#failed);
  }

  async #write(): Promise<void> {
    this.#writing = true;
    // What else is in the same chunk of the watch goes into the first batch with it.
    await Promise.resolve();
    while (this.#rows.length > 0) {
      const batch = this.#rows.splice(0, batchSize);
      await this.nb.transactText(batch.map(([, { operations }]) => operations).join(','));
      this.#statuses.push(...batch);
      while (this.#patching < patchers && this.#statuses.length > 0) this.#patchAll().catch(this.#failed);
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
    const path = `${pathOf(floor, 'ports', name)}/status`;
    return this.#client.send('PATCH', path, status, 'application/json-patch+json');
  }
}
