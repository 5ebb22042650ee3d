/** What a conformance run is made of, drawn so that it shrinks: a plan, records for its ingress, and how it is opened. */
import type fc from 'fast-check';
import type { Codec, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { arbitraryChoices, type Choices } from '../support/choices.js';
import { encodeStruct, type FieldPlace, structPlaces } from './bytes.js';
import { configOf, keepsLayout } from './op-model.js';
import { drawHosting, type Hosting } from './own-code.js';

/** Who stands at an end: JavaScript with one of its ways to push or poll, a file, or nobody. */
export type Source = 'tryPush' | 'push' | 'pushBatch' | 'claim' | 'lines';
export type Sink = 'poll' | 'pollInPlace' | 'pollBatch' | 'for await' | 'lines' | 'discard';

/** One record: what JavaScript pushes, and the bytes that it is. */
export interface Input {
  readonly value: unknown;
  readonly bytes: Uint8Array;
  /** The value is a JSON text, or is none, that goes in as it is. */
  readonly raw?: boolean;
}

export interface Setup {
  readonly source: Source;
  readonly sink: Sink;
  /** Without wait, threads, ports and stages, which the test, the ends and the hosting decide. */
  readonly options: OpenOptions;
  readonly hosting: Hosting;
  readonly inputs: readonly Input[];
}

const PIECES = ['a', 'e', ' ', 'error', 'ü', '12', '"', 'user', '\0', 'x y z', '\u{1f600}', '1', 'true', '\\', '\r'];
const JSON_VALUES = [1, 'a', true, null, 'ü"\\', [1, 2], { deep: [null] }, -1.5e300, '', 'user'];

function drawText(choices: Choices): string {
  if (choices.chance(5)) {
    const value = { id: choices.pick(JSON_VALUES), user: choices.pick(JSON_VALUES), more: choices.pick(JSON_VALUES) };
    const text = JSON.stringify(choices.chance(6) ? choices.pick(JSON_VALUES) : value);
    return choices.chance(4) ? text.slice(0, choices.below(text.length + 1)) : text;
  }
  const pieces = Array.from({ length: choices.below(7) }, () => choices.pick(PIECES));
  return choices.chance(12) ? pieces.join('').repeat(20) : pieces.join('');
}

function drawBytes(choices: Choices): Uint8Array {
  const bytes = Buffer.from(drawText(choices));
  // Some that are no UTF-8.
  if (choices.chance(4) && bytes.length > 0) bytes[choices.below(bytes.length)] = 128 + choices.below(128);
  return bytes;
}

function drawField(choices: Choices, [, type, , size]: FieldPlace): unknown {
  const bits = choices.pick([0, 1, 65, 127, 128, 255, 256, 32_768, 1_000_000]);
  const ascii = (most: number): string => 'user a12'.repeat(4).slice(0, choices.between(0, most));
  if (type.startsWith('bytes')) return Uint8Array.from({ length: size }, (_, index) => bits + index);
  if (type.startsWith('utf8')) return ascii(Math.min(size, 30));
  switch (type) {
    case 'bool':
      return bits % 2 === 1;
    case 'f32':
      return Math.fround(bits / 3);
    case 'f64':
      return -bits / 7;
    case 'u64':
      return BigInt(bits) ** 3n;
    case 'i64':
      return -(BigInt(bits) ** 2n);
    case 'i8':
      return (bits & 255) - 128;
    case 'i16':
      return (bits & 65_535) - 32_768;
    case 'i32':
      return bits - 500_000;
    default:
      return bits % 2 ** (8 * size);
  }
}

const RAW_TEXTS = [
  '{ "user": 1.0 }',
  '{"n":1e20}',
  '[1, 2]',
  '',
  'no',
  '{"user":{"a":[',
  ' "text"',
  '[]',
  '{"__proto__":1}',
];

/** A value, or where they can go in a text, which may be no JSON. */
function drawJson(choices: Choices, raw: boolean): Input {
  if (raw && choices.chance()) {
    const value = choices.chance() ? choices.pick(RAW_TEXTS) : drawText(choices);
    return { value, bytes: Buffer.from(value), raw };
  }
  const more = { id: choices.pick(JSON_VALUES), user: choices.pick(JSON_VALUES) };
  const value = choices.chance(3) ? choices.pick([...JSON_VALUES, false]) : more;
  return { value, bytes: Buffer.from(JSON.stringify(value)) };
}

export function drawInput(choices: Choices, codec: Codec | undefined, source: Source): Input {
  if (codec === 'json') return drawJson(choices, source !== 'pushBatch');
  if (typeof codec === 'object') {
    const { places } = structPlaces(codec);
    const value = Object.fromEntries(places.map((place) => [place[0], drawField(choices, place)]));
    return { value, bytes: encodeStruct(codec, value) };
  }
  if (codec === 'utf8') {
    const value = drawText(choices);
    return { value, bytes: Buffer.from(value) };
  }
  const bytes = drawBytes(choices);
  return { value: bytes, bytes };
}

const isAffix = ({ op }: StageEntry): boolean => op === 'prepend' || op === 'append';
const roomOf = (stage: StageEntry): number =>
  isAffix(stage) ? Buffer.byteLength(configOf(stage).text as string) : (stage.room ?? 0);

function drawOptions(choices: Choices, plan: SingleRingPlan, codec: Codec | undefined, longest: number): OpenOptions {
  const fixed = typeof codec === 'object' && plan.stages.every(keepsLayout);
  const recordMax = Math.max(1, longest);
  const room = plan.stages.reduce((sum, stage) => sum + roomOf(stage), 0);
  const least = 2 ** Math.ceil(Math.log2(Math.max(64, 2 * (Math.ceil((room + recordMax) / 8) * 8))));
  return {
    pin: false,
    batchRecords: choices.pick([256, 1, 2, 3]),
    publication: choices.pick(['profile', 'cursor', 'slot'] as const),
    firstSequence: choices.pick([0, 2 ** 31 - 3, 2 ** 32 - 3, 2 ** 33 - 2, 2 ** 40 + 2 ** 31 - 5]),
    ...(fixed ? {} : { recordMax, arenaBytes: least * choices.pick([1, 2, 16]) }),
  };
}

const SOURCES: readonly Source[] = ['tryPush', 'push', 'pushBatch', 'claim', 'lines'];
const SINKS: readonly Sink[] = ['pollInPlace', 'pollBatch', 'poll', 'for await', 'lines', 'discard'];

/**
 * A plan whose egress can read what comes: a struct that a stage has written to is longer, so it arrives as bytes, and so
 * does what a handle for text, or for JSON, could not tell apart.
 */
export function withReadableEgress(plan: SingleRingPlan): SingleRingPlan {
  const boundaries = plan.boundaries.map((boundary) => {
    const keeps = boundary.codec !== 'json' && (typeof boundary.codec !== 'object' || plan.stages.every(keepsLayout));
    return boundary.kind === 'ingress' || keeps ? boundary : { id: boundary.id, kind: boundary.kind };
  });
  return { ...plan, boundaries };
}

/** Sinks of a plan: where a sum may have any bytes, a line feed among them, an output of lines would refuse the record. */
export const sinksOf = ({ stages }: Pick<SingleRingPlan, 'stages'>): readonly Sink[] =>
  SINKS.filter((sink) => sink !== 'lines' || !stages.some((stage) => configOf(stage).add !== undefined));

/** Ends and records that fit a plan. */
export function arbitrarySetup(plan: SingleRingPlan): fc.Arbitrary<Setup> {
  const codec = plan.boundaries.find((boundary) => boundary.kind === 'ingress')?.codec;
  const struct = typeof codec === 'object';
  const sharded = (plan.single_ring.shards ?? 1) > 1;
  // A line of a file is not a struct, and a claim in a sharded ring needs a key, which not every record has.
  const sources = SOURCES.filter((source) => !(struct && source === 'lines') && !(sharded && source === 'claim'));
  return arbitraryChoices(1200).map((choices) => {
    const source = choices.pick(sources);
    const sink = choices.pick(sinksOf(plan));
    const capacity = choices.pick([1, 2, 3, 4, 5, 7, 8, 64, 100, 1024]);
    // Threads that spin hand over by time slice when there are more of them than CPUs: few records through small rings.
    const count = capacity > 8 && choices.chance(6) ? choices.below(400) : choices.below(25);
    const inputs = Array.from({ length: count }, () => drawInput(choices, codec, source));
    const longest = Math.max(struct ? structPlaces(codec).size : 0, ...inputs.map(({ bytes }) => bytes.length));
    const options = { ...drawOptions(choices, plan, codec, longest), capacity };
    return { source, sink, options, hosting: drawHosting(choices), inputs };
  });
}
