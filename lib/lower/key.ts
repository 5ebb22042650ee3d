/**
 * Resolves a key of the plan into the bytes that native code hashes. A `field` key becomes the field's place in the
 * struct that the ingress upstream declares, so that no schema is walked per record.
 */

import { enums } from '../abi/definition.js';
import { layoutOf } from '../plan/codec-layout.js';
import type { Codec, Key } from '../plan/document.js';
import type { KeySpec } from './spec.js';

/** A key as it crosses, but for where its text lies: in a table of keys, and as the config of a `count`. */
export function keyValues(key: KeySpec) {
  const range = key.kind === 'Bytes' || key.kind === 'Field' ? key : { offset: 0, length: 0 };
  return {
    kind: enums.KeyCode[key.kind],
    offset: range.offset,
    length: range.length,
    index: key.kind === 'Token' ? key.index : 0,
    text: keyText(key),
  };
}

function keyText(key: KeySpec): string {
  if (key.kind === 'Token') return key.separator;
  if (key.kind === 'Json') return key.pointer;
  return key.kind === 'Field' ? key.name : '';
}

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
    this.#keys.push(resolveKey(key, codec));
    return this.#keys.length - 1;
  }
}

/** @param codec what the ingress upstream declares: a `field` key is looked up in it */
export function resolveKey(key: Key, codec: Codec): KeySpec {
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
