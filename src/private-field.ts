/** A constructor that returns the object it is given. A class derived from it puts its private fields on that object. */
const Onto = class {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: putting a field on a foreign object is what this class is for
    return object;
  }
};

/** A field on objects of others. */
export interface PrivateField<Value> {
  /** The field's value; `undefined` where it was never set. */
  get(object: object): Value | undefined;
  set(object: object, value: Value): void;
}

/**
 * A field that only the holder of the returned accessors can see: objects of others are copied, forwarded and logged, and
 * nothing of ours may show there. On a frozen object it works as well. A symbol that is not enumerable costs 400 ns more
 * for each object, a `WeakMap` 900.
 */
export function privateField<Value>(): PrivateField<Value> {
  return class Field extends Onto {
    #value: Value;

    constructor(object: object, value: Value) {
      super(object);
      this.#value = value;
    }

    static get(object: object): Value | undefined {
      return #value in object ? object.#value : undefined;
    }

    static set(object: object, value: Value): void {
      if (#value in object) object.#value = value;
      else new Field(object, value);
    }
  };
}
