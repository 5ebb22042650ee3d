/** Buffers whose `set_field` would write or read outside of its records, or something that is not of the field's type. */
import { describe, expect, it } from 'vitest';
import { SpecHeader, SpecSection, SpecStage } from '../../lib/abi/definition.js';
import { encodeSpec } from '../../lib/lower/encode.js';
import { lower } from '../../lib/lower/index.js';
import type { ConfigValues } from '../../lib/lower/spec.js';
import { decodeSpec } from '../support/spec/decode.js';
import { SpecError } from '../support/spec/spec-error.js';
import { graphs } from './graphs.js';
import { fields } from './plans.js';

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

/** The buffer of the plan, one of whose stages was told something else. */
function changed(index: number, change: ConfigValues, plan: Parameters<typeof lower>[0] = fields): Uint8Array {
  const spec = lower(plan);
  const stages = spec.stages.map((stage, at) =>
    at === index ? { ...stage, config: { ...stage.config, ...change } } : stage,
  );
  return encodeSpec({ ...spec, stages });
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
    ['a field behind the struct', changed(MARK, { offset: 40 }), 'mark writes up to byte 41 of records of 40'],
    ['a copied field behind the struct', changed(COPY, { from: 33 }), 'copy writes up to byte 41 of records of 40'],
    ['a field that wraps', changed(MARK, { offset: 0xffff_ffff }), 'mark writes up to byte 4294967296 of'],
    [
      'a field of a lane behind its struct',
      changed(0, { offset: 1 << 20 }, graphs['set-fields']),
      'a writes up to byte',
    ],
    ['no bytes', changed(TAG, { length: 0 }), 'a Bytes of 0 bytes'],
    ['a length of another type', changed(MORE, { length: 4 }), 'a U64 of 4 bytes'],
    ['a field that is copied onto itself', changed(COPY, { from: 30 }), 'a field is copied onto itself'],
    ['a constant with a field to copy', changed(MARK, { from: 8 }), 'Value with a field to copy'],
    ['a sum of a bool', changed(MARK, { write: 2 }), 'a sum of Bool'],
    ['a bool of 2', changed(MARK, { bits: 2n }), 'a bool of 2'],
    ['bits beyond the field', changed(MARK, { bits: 256n }), 'bits beyond'],
    ['bits of a copy', changed(COPY, { bits: 1n }), 'bits beyond'],
    ['a text longer than the field', changed(NAME, { length: 2 }), 'a text for Value of Utf8'],
    ['bytes without digits', changed(TAG, { text: '00FFab' }), 'no digits'],
    ['a text of a number', changed(MORE, { text: '1' }), 'a text for Add of U64'],
    ['no name', changed(MORE, { name: '' }), 'a field write has no name'],
    ['an unknown type', changed(MORE, { kind: 14 }), 'unknown field type 14'],
    ['an unknown way', changed(MORE, { write: 4 }), 'unknown field write 4'],
    ['the config of another stage', patchedStage(1, 'config_offset', 0), 'config_offset is 0, but 52 follows'],
    ['flags of an op that changes the length', patchedStage(1, 'flags', 5), 'flags is 5, but 21 follows'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSpec(bytes)).toThrow(SpecError);
    expect(() => decodeSpec(bytes)).toThrow(message);
  });
});
