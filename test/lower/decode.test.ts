import { describe, expect, it } from 'vitest';
import { enums, NONE, SpecHeader, SpecRing, SpecRingEntry, SpecSection, SpecStage } from '../../lib/abi/definition.js';
import { encodeSpec } from '../../lib/lower/encode.js';
import type { RingSpec, StageSpec } from '../../lib/lower/spec.js';
import { decodeSpec } from '../support/spec/decode.js';
import { SpecError } from '../support/spec/spec-error.js';

const none = { headroom: 0, tailroom: 0, onError: 'Stop', config: null } as const;
const reads = { writes: false, filters: false, fails: false, sink: false, emits: false, keepsLayout: false };

const filter = (id: string, text: string): StageSpec => ({
  ...none,
  ...reads,
  id,
  op: 'Filter',
  filters: true,
  config: { match: enums.MatchCode.Contains, invert: 0, text },
});

const byUser = { kind: enums.KeyCode.Json, offset: 0, length: 0, index: 0, text: '/user/id' };

/** in ─▶ keep ─┬─▶ tally ─┬─▶ out, by key on four shards. */
const diamond: RingSpec = {
  target: 'SingleRing',
  name: 'demo',
  shards: 4,
  ordering: 'PerKey',
  layout: 'Variable',
  recordBytes: 0,
  headroom: 0,
  tailroom: 3,
  ingress: { id: 'in', onError: 'Stop', codec: 'Utf8', recordBytes: 0, layoutHash: 0n },
  egress: { id: 'out', onError: 'Stop', codec: 'Bytes', recordBytes: 0, layoutHash: 0n },
  stages: [
    filter('keep', 'ERROR'),
    { ...none, ...reads, id: 'tally', op: 'Count', sink: true, config: byUser },
    filter('drop', 'naïve ✓'),
    { ...none, ...reads, id: 'mark', op: 'Append', writes: true, tailroom: 3, config: { text: '✓' } },
  ],
  entries: [
    { stage: 0, dependencies: [], ancestors: [], readsMarksOf: [], mark: 0 },
    { stage: 1, dependencies: [0], ancestors: [0], readsMarksOf: [0], mark: null },
    { stage: 2, dependencies: [0], ancestors: [0], readsMarksOf: [0], mark: 1 },
    { stage: 3, dependencies: [1, 2], ancestors: [0, 1, 2], readsMarksOf: [2], mark: null },
  ],
  keys: [{ kind: 'Token', separator: ' ', index: 2 }],
  shardKey: 0,
  markCount: 2,
  terminals: [3],
  egressReadsMarksOf: [2],
};

const SECTIONS = ['Text', 'Boundaries', 'Stages', 'Ring', 'RingEntries', 'Dependencies', 'Keys', 'Configs'];

/** Byte offset of a section in an encoded spec. */
function sectionOffset(bytes: Uint8Array, name: string): number {
  const view = new DataView(bytes.buffer);
  const row = SpecHeader.size + SECTIONS.indexOf(name) * SpecSection.size;
  return view.getUint32(row + SpecSection.offset.offset, true);
}

/** The diamond's buffer with one u32 changed. */
function patched(at: (bytes: Uint8Array) => number, value: number): Uint8Array {
  const bytes = encodeSpec(diamond);
  new DataView(bytes.buffer).setUint32(at(bytes), value, true);
  return bytes;
}

const ringField = (field: keyof typeof SpecRing.offset) => (bytes: Uint8Array) =>
  sectionOffset(bytes, 'Ring') + SpecRing.offset[field];
const stageField = (index: number, field: keyof typeof SpecStage.offset) => (bytes: Uint8Array) =>
  sectionOffset(bytes, 'Stages') + index * SpecStage.size + SpecStage.offset[field];
/** The diamond, whose last stage is an op of the caller's. */
function calling(name: string, more: Partial<StageSpec> = {}): Uint8Array {
  const own = { op: 'Js', filters: false, fails: true, config: { name, emits_max: 0 }, ...more } as const;
  return encodeSpec({
    ...diamond,
    stages: diamond.stages.map((stage) => (stage.id === 'mark' ? { ...stage, ...own } : stage)),
  });
}

/** A byte of the configs: the first is that of `keep`. */
const configByte = (at: number) => (bytes: Uint8Array) => sectionOffset(bytes, 'Configs') + at;
const entryField = (index: number, field: keyof typeof SpecRingEntry.offset) => (bytes: Uint8Array) =>
  sectionOffset(bytes, 'RingEntries') + index * SpecRingEntry.size + SpecRingEntry.offset[field];

describe('decodeSpec', () => {
  it('gives back what encodeSpec wrote', () => {
    expect(decodeSpec(encodeSpec(diamond))).toEqual(diamond);
  });

  it('reads a buffer that does not start at the beginning of its memory', () => {
    const bytes = encodeSpec(diamond);
    const shifted = new Uint8Array(bytes.length + 24);
    shifted.set(bytes, 24);
    expect(decodeSpec(shifted.subarray(24))).toEqual(diamond);
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty buffer', new Uint8Array(0), 'it has 0 bytes, the header alone needs 32 (at byte 0)'],
    ['a wrong magic', patched(() => SpecHeader.offset.magic, 7), 'magic is 7, expected 1397904450 (at byte 0)'],
    ['another layout version', patched(() => 4, 9), 'layout_version is 9, expected 4 (at byte 4)'],
    ['a total that is not the size', patched(() => 8, 64), 'total_bytes is 64, expected'],
    ['an unknown target', patched(() => 12, 3), 'unknown target 3 (at byte 12)'],
    ['another target', patched(() => 12, 2), 'section_count is 8, expected 9'],
    ['a section of another target', patched(() => SpecHeader.size, 8), 'a SingleRing has no section Roles'],
    ['a missing section', patched(() => 16, 7), 'section_count is 7, expected 8'],
    ['a name behind the text', patched(() => SpecHeader.offset.name_length, 1 << 20), 'text 0…1048576 of'],
    ['an unknown section', patched(() => SpecHeader.size, 77), 'unknown section kind 77 (at byte 32)'],
    [
      'a section that stands twice',
      patched(() => SpecHeader.size + 2 * SpecSection.size, 2),
      'section Boundaries stands twice',
    ],
    ['a section behind the end', patched(() => SpecHeader.size + 4, 0x7ffffff8), 'outside the buffer'],
    ['an unaligned section', patched(() => SpecHeader.size + 4, 161), 'section Text is not 8-byte aligned'],
    ['a section count that overflows', patched(() => SpecHeader.size + 24, 0xffffffff), 'outside the buffer'],
    ['a foreign stride', patched(() => SpecHeader.size + 28, 8), 'section Boundaries has stride 8, expected 32'],
    ['sections that overlap', patched(() => SpecHeader.size + 8, 176), 'sections overlap'],
    ['no shards', patched(ringField('shards'), 0), 'shards is 0, expected 1…64'],
    ['Strict with shards', patched(ringField('ordering'), 1), 'Strict ordering with 4 shards'],
    ['shards without a key', patched(ringField('shard_key'), NONE), 'a shard key stands exactly with several shards'],
    ['a key out of range', patched(ringField('shard_key'), 2), 'shard_key 2 of 1'],
    ['the egress as ingress', patched(ringField('ingress'), 1), 'boundary is not an ingress'],
    ['an ingress out of range', patched(ringField('ingress'), 5), 'ingress 5 of 2 boundaries'],
    ['another layout', patched(ringField('layout'), 2), 'layout is 2, but 1 follows from the rest'],
    ['too little room', patched(ringField('tailroom'), 2), 'tailroom is 2, but 3 follows from the rest'],
    ['a wrong terminal mask', patched(ringField('terminal_mask'), 1), 'terminal_mask is 1, but 8 follows'],
    ['a wrong egress mask', patched(ringField('egress_filter_mask'), 0), 'egress_filter_mask is 0, but 4 follows'],
    ['an unknown op', patched(stageField(0, 'op'), 55), 'unknown op 55'],
    ['flags that are not those of the op', patched(stageField(0, 'flags'), 16), 'flags is 16, but 2 follows'],
    ['a caller’s op with a name that none can have', calling('✓'), 'no op is called "js:✓"'],
    ['a stage that emits', patched(stageField(3, 'flags'), 33), 'flags is 33, but 1 follows'],
    ['a filter without a match', patched(configByte(0), 0), 'unknown match 0'],
    ['an invert that is not a boolean', patched(configByte(4), 2), 'invert is 2'],
    ['a text in the struct that names it', patched(configByte(8), 0), 'text_offset is 0, but 16 follows'],
    ['a text behind its config', patched(configByte(12), 6), 'a text of 6 bytes in a config of 21'],
    ['a text that ends before its config', patched(configByte(12), 4), 'a config of 21 bytes, of which 20 are read'],
    ['a config where none is taken', patched(stageField(0, 'op'), 1), 'op Identity takes no config'],
    ['an op without its config', patched(stageField(0, 'config_length'), 0), 'op Filter without a config'],
    ['the config of another stage', patched(stageField(1, 'config_offset'), 0), 'config_offset is 0, but 21 follows'],
    ['a config behind its section', patched(stageField(3, 'config_length'), 4000), 'config 79…4079 of 90 bytes'],
    ['a config that is no key', patched(configByte(21), 9), 'unknown key kind 9'],
    ['room of a reader', patched(stageField(0, 'headroom'), 1), 'headroom is 1, but 0 follows from the rest'],
    ['an id twice', patched(stageField(2, 'id_offset'), 9), 'an id stands twice'],
    ['a stage out of range', patched(entryField(3, 'stage'), 4), 'stage 4 is unknown or stands twice'],
    ['a stage twice', patched(entryField(3, 'stage'), 1), 'stage 1 is unknown or stands twice'],
    ['dependencies behind the table', patched(entryField(3, 'dependency_count'), 9), 'dependencies 2…11 of 4'],
    ['a cycle', patched((bytes) => sectionOffset(bytes, 'Dependencies'), 3), 'entry 1 depends on 3'],
    ['a wrong ancestor mask', patched(entryField(3, 'ancestor_mask'), 3), 'ancestor_mask is 3, but 7 follows'],
    ['a wrong filter mask', patched(entryField(3, 'filter_mask'), 1), 'filter_mask is 1, but 4 follows'],
    ['a mark that nobody filters into', patched(entryField(1, 'mark'), 0), 'mark is 0, but 4294967295 follows'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSpec(bytes)).toThrow(SpecError);
    expect(() => decodeSpec(bytes)).toThrow(message);
  });

  it('refuses an op of the caller’s that emits other records than it reads, because a slot holds one', () => {
    expect(() => decodeSpec(calling('mine', { emits: true }))).toThrow('mark emits other records');
    expect(() => decodeSpec(calling('mine'))).not.toThrow();
  });

  it('refuses a text that is not UTF-8', () => {
    const bytes = encodeSpec(diamond);
    bytes[sectionOffset(bytes, 'Text')] = 0xff;
    expect(() => decodeSpec(bytes)).toThrow('a text is not UTF-8');
  });

  it('refuses stages that race on the slot', () => {
    const [keep, tally, drop, mark] = diamond.entries;
    const entries = [keep, tally, drop, { ...mark, dependencies: [2], ancestors: [0, 2] }] as RingSpec['entries'];
    const racing = encodeSpec({ ...diamond, entries, terminals: [1, 3] });
    expect(() => decodeSpec(racing)).toThrow('entries 1 and 3 race on the slot');
  });

  it('refuses every prefix of a valid buffer with a SpecError', () => {
    const bytes = encodeSpec(diamond);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeSpec(bytes.slice(0, length))).toThrow(SpecError);
  });

  it('answers any change of one byte with a SpecError or another spec, never with anything else', () => {
    const original = encodeSpec(diamond);
    for (let at = 0; at < original.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const bytes = original.slice();
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          decodeSpec(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SpecError);
        }
      }
    }
  });
});
