/** Buffers whose `set_field` would write or read outside of its records, or something that is not of the field's type. */
import { describe, expect, it } from 'vitest';
import { SpecFieldWrite, SpecHeader, SpecSection, SpecStage } from '../../lib/abi/definition.js';
import { encodeSpec } from '../../lib/lower/encode.js';
import { lower } from '../../lib/lower/index.js';
import { graphs } from './graphs.js';
import { fields } from './plans.js';
import { decodeSpec } from '../support/spec/decode.js';
import { SpecError } from '../support/spec/spec-error.js';

const MARK = 0;
const NAME = 1;
const MORE = 2;
const COPY = 3;
const TAG = 4;

function sectionOf(bytes: Uint8Array, kind: number): number {
  const view = new DataView(bytes.buffer);
  for (let row = SpecHeader.size; ; row += SpecSection.size)
    if (view.getUint32(row, true) === kind) return view.getUint32(row + SpecSection.offset.offset, true);
}

/** The buffer of the plan with one number of one field write changed. */
function patched(
  index: number,
  field: keyof typeof SpecFieldWrite.offset,
  value: number,
  plan: Parameters<typeof lower>[0] = fields,
): Uint8Array {
  const bytes = encodeSpec(lower(plan));
  const at = sectionOf(bytes, 12) + index * SpecFieldWrite.size + SpecFieldWrite.offset[field];
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
}

function patchedStage(index: number, field: keyof typeof SpecStage.offset, value: number): Uint8Array {
  const bytes = encodeSpec(lower(fields));
  new DataView(bytes.buffer).setUint32(
    sectionOf(bytes, 3) + index * SpecStage.size + SpecStage.offset[field],
    value,
    true,
  );
  return bytes;
}

describe('a field write of a decoded spec', () => {
  it.each<[string, Uint8Array, string]>([
    ['a field behind the struct', patched(MARK, 'offset', 40), 'mark writes up to byte 41 of records of 40'],
    ['a copied field behind the struct', patched(COPY, 'from', 33), 'copy writes up to byte 41 of records of 40'],
    ['a field that wraps', patched(MARK, 'offset', 0xffff_ffff), 'mark writes up to byte 4294967296 of'],
    ['a field of a lane behind its struct', patched(0, 'offset', 1 << 20, graphs['set-fields']), 'a writes up to byte'],
    ['no bytes', patched(TAG, 'length', 0), 'a Bytes of 0 bytes'],
    ['a length of another type', patched(MORE, 'length', 4), 'a U64 of 4 bytes'],
    ['a field that is copied onto itself', patched(COPY, 'from', 30), 'a field is copied onto itself'],
    ['a constant with a field to copy', patched(MARK, 'from', 8), 'Value with a field to copy'],
    ['a sum of a bool', patched(MARK, 'write', 2), 'a sum of Bool'],
    ['a bool of 2', patched(MARK, 'bits', 2), 'a bool of 2'],
    ['bits beyond the field', patched(MARK, 'bits', 256), 'bits beyond'],
    ['bits of a copy', patched(COPY, 'bits', 1), 'bits beyond'],
    ['a text longer than the field', patched(NAME, 'length', 2), 'a text for Value of Utf8'],
    ['bytes without digits', patched(TAG, 'text_length', 4), 'no digits'],
    ['a text of a number', patched(MORE, 'text_length', 1), 'a text for Add of U64'],
    ['no name', patched(MORE, 'name_length', 0), 'a field write has no name'],
    ['an unknown type', patched(MORE, 'kind', 14), 'unknown field type 14'],
    ['an unknown way', patched(MORE, 'write', 4), 'unknown field write 4'],
    ['the write of another stage', patchedStage(1, 'field_write', 0), 'field_write is 0, but 1 follows'],
    ['flags of an op that changes the length', patchedStage(1, 'flags', 5), 'flags is 5, but 21 follows'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSpec(bytes)).toThrow(SpecError);
    expect(() => decodeSpec(bytes)).toThrow(message);
  });
});
