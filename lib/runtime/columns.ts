/**
 * A struct's fields as columns: one typed array a field over the memory in which the records lie, so that a loop of the
 * caller's own writes or reads many records with nothing between it and the memory. Records stand `stride` bytes apart:
 *
 *   slot     0                    1
 *            | word | price size  | word | price size
 *   price           ^ array[0]           ^ array[steps.price]         steps.price = stride / 8   (f64)
 *   size                  ^ array[0]           ^ array[steps.size]    steps.size  = stride / 4   (u32)
 *
 * Only slots have columns: there every field is aligned, and records stand at one distance.
 */

import type { FieldLayout, ScalarKind, StructLayout } from '../plan/codec-layout.js';
import { UsageError } from './errors.js';
import type { SlotConsumer, SlotProducer, Slots } from './record-ends.js';
import type { RecordMemory } from './shard-memory.js';

/** The array of a numeric field: the one of its type in the plan, a `Float64Array` for `f64`, an `Int16Array` for `i16`. */
export type NumberColumn =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/**
 * The array in which the values of one field lie. `bool` is a byte, 0 or 1. `utf8(N)` and `bytes(N)` are N bytes from the
 * record's index on.
 */
export type FieldColumn<Value> = [Value] extends [bigint]
  ? BigUint64Array | BigInt64Array
  : [Value] extends [number]
    ? NumberColumn
    : [Value] extends [string]
      ? Buffer
      : Uint8Array;

/** One array a field, by the field's name. Nothing for codecs other than structs. */
export type RecordColumns<R> = R extends Uint8Array | string
  ? undefined
  : { readonly [Field in keyof R]: FieldColumn<R[Field]> };

/**
 * Which elements of the columns are a callback's: the field `f` of its record k (0 to `count` - 1) is
 * `columns.f[(first + k) * steps.f]`. The same object every time: valid until the callback returns.
 */
export interface ColumnRows<R = unknown> {
  /** Records. */
  readonly count: number;
  /** Place of the first of them. */
  readonly first: number;
  /** Elements from one record to the next, by the field's name. Fields of equal width have equal steps. */
  readonly steps: { readonly [Field in keyof R]: number };
  /** Records of this call before the first one: a callback is called again where the memory begins anew. */
  readonly from: number;
}

/** As `ColumnRows`, of records that are read. */
export interface PolledRows<R = unknown> extends ColumnRows<R> {
  /** SingleRing: the shard that they come from. */
  readonly shard: number;
  /** Sequence of the first of them in its shard; in a LaneGraph, records that this egress has read before it. */
  readonly sequence: number;
}

/**
 * Writes records through their columns.
 * @internal
 */
export type FillColumns<R> = (columns: RecordColumns<R>, rows: ColumnRows<R>) => void;

/**
 * Reads records through their columns.
 * @internal
 */
export type ReadColumns<R> = (columns: RecordColumns<R>, rows: PolledRows<R>) => void;

/**
 * What `codec.columns` gives: the arrays and their steps.
 * @internal
 */
export interface Columns<R> {
  readonly columns: RecordColumns<R>;
  readonly steps: ColumnRows<R>['steps'];
}

type View = new (buffer: ArrayBufferLike, at: number, length: number) => ArrayBufferView;

const VIEWS: Readonly<Record<Exclude<ScalarKind, 'utf8'>, View>> = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
  bool: Uint8Array,
  bytes: Uint8Array,
};

const isText = ({ kind }: FieldLayout): boolean => kind === 'bytes' || kind === 'utf8';

/** @internal */
export function columnsOver<R>(layout: StructLayout, memory: RecordMemory, slots: Slots): Columns<R> {
  const columns: Record<string, ArrayBufferView> = {};
  const steps: Record<string, number> = {};
  for (const field of layout.fields) {
    const width = isText(field) ? 1 : field.size;
    const { buffer, byteOffset, length } = memory.bytes;
    const before = slots.wordBytes + field.offset;
    const [at, count] = [byteOffset + before, Math.floor((length - before) / width)];
    columns[field.name] =
      field.kind === 'utf8' ? Buffer.from(buffer as ArrayBuffer, at, count) : new VIEWS[field.kind](buffer, at, count);
    steps[field.name] = slots.stride / width;
  }
  return { columns: columns as RecordColumns<R>, steps: steps as ColumnRows<R>['steps'] };
}

/** The rows of one call of a callback, which sees them as read-only. */
class Stretch<R> implements PolledRows<R> {
  count = 0;
  first = 0;
  from = 0;
  shard = 0;
  sequence = 0;
  readonly steps: ColumnRows<R>['steps'];

  constructor(steps: ColumnRows<R>['steps']) {
    this.steps = steps;
  }
}

/**
 * The columns of a writing end. Used by the thread that holds the ingress.
 * @internal
 */
export class ColumnFiller<R> {
  readonly slots: SlotProducer;
  private readonly columns: RecordColumns<R>;
  private readonly rows: Stretch<R>;

  constructor(slots: SlotProducer, { columns, steps }: Columns<R>) {
    this.slots = slots;
    this.columns = columns;
    this.rows = new Stretch(steps);
  }

  /** Has `fn` write `count` records behind the last one, `from` of its call being in: in two calls over the wrap. */
  fill(fn: FillColumns<R>, count: number, from: number): void {
    const { columns, rows } = this;
    const { next, slotMask } = this.slots;
    let slot = next & slotMask;
    for (let done = 0; done < count; ) {
      const here = Math.min(count - done, slotMask + 1 - slot);
      rows.first = slot;
      rows.count = here;
      rows.from = from + done;
      refusePromise(fn(columns, rows), 'nothing was pushed');
      done += here;
      slot = 0;
    }
  }
}

/**
 * The columns of a reading end. Used by the thread that holds the egress.
 * @internal
 */
export class ColumnReader<R> {
  private readonly slots: SlotConsumer;
  private readonly columns: RecordColumns<R>;
  private readonly rows: Stretch<R>;

  constructor(slots: SlotConsumer, shard: number, { columns, steps }: Columns<R>) {
    this.slots = slots;
    this.columns = columns;
    this.rows = new Stretch(steps);
    this.rows.shard = shard;
  }

  /** Moves over the next records that stand side by side, at most `most`, and says how many; 0: none. */
  advance(most: number, from: number): number {
    const { slots, rows } = this;
    const count = slots.advanceRun(most);
    if (count === 0) return 0;
    rows.count = count;
    rows.first = slots.currentSlot - count + 1;
    rows.from = from;
    rows.sequence = slots.currentSequence - count + 1;
    return count;
  }

  /** Shows them to `fn`. */
  show(fn: ReadColumns<R>): void {
    refusePromise(fn(this.columns, this.rows), 'its records have been taken');
  }
}

/**
 * A callback's answer that is a promise: it would write, or read, when its records are another's.
 * @throws UsageError
 */
function refusePromise(answer: unknown, end: string): void {
  if (answer === undefined || answer === null || typeof (answer as { then?: unknown }).then !== 'function') return;
  throw new UsageError(
    `a callback over columns returned a promise: it has its records only until it returns, so it cannot be async (${end})`,
  );
}
