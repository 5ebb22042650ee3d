/**
 * What a Uint8Array really is and how long it really is, whatever a subclass or a Proxy says of itself: both are asked of
 * the engine's own getters, which run none of the caller's code. A `length` that answers something else than what a copy
 * brings would write beside the record. Hot: V8 inlines both calls. Pure.
 */

const TypedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = (key: 'length' | typeof Symbol.toStringTag): (() => unknown) =>
  Object.getOwnPropertyDescriptor(TypedArray, key)?.get as () => unknown;
const kindOf = getter(Symbol.toStringTag);
const lengthOf = getter('length');

/** True for a Uint8Array of any realm (a Buffer is one), false for everything else, a Proxy of one included. */
export const isBytes = (value: unknown): value is Uint8Array => kindOf.call(value) === 'Uint8Array';

/** Bytes that a copy of it brings: -1 for a Proxy of one. */
export function bytesLength(value: Uint8Array): number {
  try {
    return lengthOf.call(value) as number;
  } catch {
    return -1;
  }
}
