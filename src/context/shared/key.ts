import { wrongType } from '../../check-argument.js';

/** The places of keys that begin alike: a `Map`, or a `WeakMap` for the first members. */
export interface Places<T> {
  get(member: unknown): Place<T> | undefined;
  set(member: unknown, place: Place<T>): unknown;
  delete(member: unknown): unknown;
}

/** The place of one key, in a tree with a level for each member of a key. */
export class Place<T> {
  /** What has the place; `undefined` while it is free. Set by the code that takes the place. */
  taker: T | undefined = undefined;
  readonly below = new Map<unknown, Place<T>>();
  /** Frees the place if `taker` has it, and removes from the tree what is no longer needed. */
  readonly leave: (taker?: T) => void;

  constructor(level: Places<T>, member: unknown, above: Place<T> | undefined) {
    level.set(member, this);
    this.leave = (taker) => {
      if (this.taker !== taker) return;
      this.taker = undefined;
      if (this.below.size > 0) return;
      level.delete(member);
      // Removes the place above as well, if it is free.
      above?.leave();
    };
  }
}

/** The place of a key in the tree whose first level is `roots`. The caller takes the place, if it is free. */
export function placeOf<T>(roots: Places<T>, members: readonly unknown[]): Place<T> {
  return members.reduce<Place<T> | undefined>((above, member) => {
    const level = above?.below ?? roots;
    return level.get(member) ?? new Place(level, member, above);
  }, undefined) as Place<T>;
}

/**
 * The members of `key`.
 *
 * @throws TypeError when the first one is no object: two libraries could meet under a key of strings
 */
export function membersOf(key: unknown): readonly unknown[] {
  // A copy has no holes, which `reduce` would skip.
  const members = Array.isArray(key) ? [...key] : [key];
  const first: unknown = members[0];
  // An array as an object is nearly always a new one, made for this call.
  if (Object(first) === first && !Array.isArray(first)) return members;
  throw wrongType('shared', 'an object, or an array that begins with one', first);
}
