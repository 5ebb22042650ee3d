/**
 * Resolves a key of the plan into the bytes that native code hashes. A `field` key becomes the field's place in the
 * struct that the ingress declares, so that nobody walks a schema per record.
 */

import { layoutOf } from '../plan/codec-layout.js';
import type { Codec, Key } from '../plan/document.js';
import type { KeySpec } from './spec.js';

/** Collects the keys of one plan in the order of first use. */
export class KeyTable {
  readonly #codec: Codec;
  readonly #keys: KeySpec[] = [];

  /** @param codec what the ingress declares: `field` keys are looked up in it. */
  constructor(codec: Codec) {
    this.#codec = codec;
  }

  get keys(): readonly KeySpec[] {
    return this.#keys;
  }

  /** Index of the key in the table; null when there is none. */
  add(key: Key | undefined): number | null {
    if (key === undefined) return null;
    this.#keys.push(this.#resolve(key));
    return this.#keys.length - 1;
  }

  #resolve(key: Key): KeySpec {
    switch (key.kind) {
      case 'bytes':
        return { kind: 'Bytes', offset: key.offset, length: key.length };
      case 'token':
        return { kind: 'Token', separator: key.separator, index: key.index };
      case 'json':
        return { kind: 'Json', pointer: key.pointer };
      case 'field':
        return this.#field(key.name);
    }
  }

  #field(name: string): KeySpec {
    const field = layoutOf(this.#codec)?.fields.find((candidate) => candidate.name === name);
    // Validation refuses such a key; a checked plan that still has one was forged by a cast.
    if (field === undefined) throw new TypeError(`key field "${name}" is not in the ingress codec; validate the plan`);
    return { kind: 'Field', name, offset: field.offset, length: field.size };
  }
}
