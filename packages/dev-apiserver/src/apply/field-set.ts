/**
 * Sets of field paths, and their JSON form FieldsV1.
 * Source: sigs.k8s.io/structured-merge-diff/fieldpath (Set) and its serialisation.
 */
import { isObject, type JsonObject } from '../schema/json.ts';
import { fieldName, type PathElement } from './path-element.ts';
import type { Shape } from './shape.ts';
import { elementShape } from './shape.ts';

/** A set of paths. It is immutable after its construction with `insert`. */
export class FieldSet {
  readonly #members = new Set<PathElement>();
  readonly #children = new Map<PathElement, FieldSet>();

  /** Adds a path. Ignores the empty path, which addresses the whole object. */
  insert(path: readonly PathElement[]): void {
    const [head, ...rest] = path;
    if (head === undefined) return;
    if (rest.length === 0) this.#members.add(head);
    else this.#descend(head).insert(rest);
  }

  #descend(element: PathElement): FieldSet {
    let child = this.#children.get(element);
    if (child === undefined) {
      child = new FieldSet();
      this.#children.set(element, child);
    }
    return child;
  }

  get empty(): boolean {
    return this.#members.size === 0 && [...this.#children.values()].every((child) => child.empty);
  }

  /** Returns true when the set contains the path of this single step. */
  has(element: PathElement): boolean {
    return this.#members.has(element);
  }

  /** Returns the paths below a step, without that step. */
  below(element: PathElement): FieldSet {
    return this.#children.get(element) ?? emptySet;
  }

  union(other: FieldSet): FieldSet {
    return combine(
      new Set([...this.#members, ...other.#members]),
      new Set([...this.#children.keys(), ...other.#children.keys()]),
      (element) => this.below(element).union(other.below(element)),
    );
  }

  intersection(other: FieldSet): FieldSet {
    return combine(
      [...this.#members].filter((element) => other.#members.has(element)),
      [...this.#children.keys()].filter((element) => other.#children.has(element)),
      (element) => this.below(element).intersection(other.below(element)),
    );
  }

  /** Returns the paths that are not in the other set. Keeps paths below a path of the other set. */
  difference(other: FieldSet): FieldSet {
    return combine(
      [...this.#members].filter((element) => !other.#members.has(element)),
      this.#children.keys(),
      (element) => this.below(element).difference(other.below(element)),
    );
  }

  /** Returns the paths that are neither in the other set nor below one of its paths. */
  without(other: FieldSet): FieldSet {
    return combine(
      [...this.#members].filter((element) => !other.#members.has(element)),
      [...this.#children.keys()].filter((element) => !other.#members.has(element)),
      (element) => this.below(element).without(other.below(element)),
    );
  }

  /** Returns the set extended by every struct field on the way to one of its paths. */
  withNamedFields(shape: Shape): FieldSet {
    const named = [...this.#children.keys()].filter((element) => {
      const name = fieldName(element);
      return name !== undefined && shape.map?.fields.has(name) === true;
    });
    return combine([...this.#members, ...named], this.#children.keys(), (element) =>
      this.below(element).withNamedFields(elementShape(shape, element)),
    );
  }

  /** Iterates over the paths of the set. Paths of one step come first. */
  *paths(prefix: readonly PathElement[] = []): Generator<readonly PathElement[]> {
    for (const element of [...this.#members].sort()) yield [...prefix, element];
    for (const [element, child] of sortedEntries(this.#children)) yield* child.paths([...prefix, element]);
  }

  /** Returns the FieldsV1 form. `.` marks a path that is in the set and also has paths below it. */
  toFieldsV1(): JsonObject {
    const fields: JsonObject = {};
    const elements = new Set([...this.#members, ...this.#children.keys()]);
    for (const element of [...elements].sort()) {
      const below = this.below(element).toFieldsV1();
      const isBoth = this.#members.has(element) && Object.keys(below).length > 0;
      fields[element] = isBoth ? { '.': {}, ...below } : below;
    }
    return fields;
  }

  /**
   * Parses the FieldsV1 form.
   *
   * @throws Error when the value is not FieldsV1
   */
  static fromFieldsV1(fields: JsonObject): FieldSet {
    const set = new FieldSet();
    for (const [element, below] of Object.entries(fields)) {
      if (element === '.') continue;
      if (!/^[fkvi]:/.test(element) || !isObject(below)) throw new Error(`invalid FieldsV1: ${element}`);
      if (Object.keys(below).length === 0 || Object.hasOwn(below, '.')) set.#members.add(element);
      const child = FieldSet.fromFieldsV1(below);
      if (!child.empty) set.#children.set(element, child);
    }
    return set;
  }

  /** Returns the set of these paths. */
  static of(...paths: readonly (readonly PathElement[])[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** Returns a set of these members, with `child(element)` below each element of `children`. */
  static combine(
    members: Iterable<PathElement>,
    children: Iterable<PathElement>,
    child: (element: PathElement) => FieldSet,
  ): FieldSet {
    const set = new FieldSet();
    for (const element of members) set.#members.add(element);
    for (const element of children) {
      const below = child(element);
      if (!below.empty) set.#children.set(element, below);
    }
    return set;
  }
}

const combine: typeof FieldSet.combine = (...args) => FieldSet.combine(...args);
const emptySet = new FieldSet();

function sortedEntries<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
