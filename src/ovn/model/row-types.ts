import type { NbTable, nbTables } from './tables.ts';

type Columns<T extends NbTable> = (typeof nbTables)[T]['columns'];

type Atomic<C> = C extends { of: 'integer' } ? number : C extends { of: 'boolean' } ? boolean : string;
type Input<C> = C extends { kind: 'map' }
  ? Readonly<Record<string, Atomic<C>>>
  : C extends { kind: 'set' }
    ? readonly Atomic<C>[]
    : C extends { kind: 'optional' }
      ? Atomic<C> | undefined
      : Atomic<C>;

/** The names of the columns of a table that take memberships. */
export type SharedColumn<T extends NbTable> = {
  [C in keyof Columns<T>]: Columns<T>[C] extends { shared: true } ? C : never;
}[keyof Columns<T>] &
  string;

/**
 * The columns of a row as a plan gives them: arrays for sets, objects for maps, undefined for an unset
 * optional column. The applier writes the default (empty) to every managed column that a plan leaves out, so
 * the same objects always give the same rows.
 */
export type NbColumns<T extends NbTable> = {
  readonly [C in Exclude<keyof Columns<T>, SharedColumn<T>>]?: Input<Columns<T>[C]>;
};
