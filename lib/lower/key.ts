/**
 * Resolves a key of the plan into the bytes that native code hashes. A `field` key becomes the field's place in the
 * struct that the ingress upstream declares, so that no schema is walked per record.
 */

import { layoutOf } from '../plan/codec-layout.js';
import type { Codec, Key } from '../plan/document.js';
import type { KeySpec } from './spec.js';

/** Collects the keys of one plan in the order of first use. */
export class KeyTable {
  readonly #keys: KeySpec[] = [];

  get keys(): readonly KeySpec[] {
    return this.#keys;
  }

  /**
   * Index of the key in the table; null when there is none.
   * @param codec what the ingress upstream declares: a `field` key is looked up in it
   */
  add(key: Key | undefined, codec: Codec): number | null {
    if (key === undefined) return null;
    this.#keys.push(resolve(key, codec));
    return this.#keys.length - 1;
  }
}

function resolve(key: Key, codec: Codec): KeySpec {
  switch (key.kind) {
    case 'bytes':
      return { kind: 'Bytes', offset: key.offset, length: key.length };
    case 'token':
      return { kind: 'Token', separator: key.separator, index: key.index };
    case 'json':
      return { kind: 'Json', pointer: key.pointer };
    case 'field':
      return fieldKey(key.name, codec);
  }
}

function fieldKey(name: string, codec: Codec): KeySpec {
  const field = layoutOf(codec)?.fields.find((candidate) => candidate.name === name);
  // Validation refuses such a key; a checked plan that still has one was forged by a cast.
  if (field === undefined) throw new TypeError(`key field "${name}" is not in the ingress codec; validate the plan`);
  return { kind: 'Field', name, offset: field.offset, length: field.size };
}
