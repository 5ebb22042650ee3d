/**
 * A struct's fields as columns: typed arrays over the memory in which the records lie, so that a loop of the caller's own
 * writes or reads many records with nothing between it and the memory. Records stand `stride` bytes apart:
 *
 *   slot     0                                1
 *            | word | price size              | word | price size
 *   price           ^ offsets.price                  ^ offsets.price + steps.price     steps.price = stride / 8   (f64)
 *   size                  ^ offsets.size                   ^ offsets.size + steps.size steps.size  = stride / 4   (u32)
 *
 * Fields of one type share one array: a loop over eight arrays costs twice as much as one over one of them (decision 113).
 * Only slots have columns: there every field is aligned, and records stand at one distance.
 */

import type { SlotConsumer, SlotProducer, Slots } from '../channel/record-ends.js';
import type { RecordMemory } from '../channel/shard-memory.js';
import { UsageError } from '../error/errors.js';
import type { FieldLayout, ScalarKind, StructLayout } from '../plan/codec-layout.js';

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

/** The array of each field, by its name; fields of one type share one. Nothing for codecs other than structs. */
export type RecordColumns<R> = R extends Uint8Array | string
  ? undefined
  : { readonly [Field in keyof R]: FieldColumn<R[Field]> };

/**
 * Which elements of the columns are a callback's: the field `f` of its record k (0 to `count` - 1) is
 * `columns.f[(first + k) * steps.f + offsets.f]`. The same object every time: valid until the callback returns.
 */
export interface ColumnRows<R = unknown> {
  /** Records. */
  readonly count: number;
  /** Slot of the first of them. */
  readonly first: number;
  /** Elements from one record to the next, by the field's name. Fields of equal width have equal steps. */
  readonly steps: { readonly [Field in keyof R]: number };
  /** Element of the field in slot 0, by the field's name. */
  readonly offsets: { readonly [Field in keyof R]: number };
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
 * What `codec.columns` gives: the arrays, and where in them the fields are.
 * @internal
 */
export interface Columns<R> {
  readonly columns: RecordColumns<R>;
  readonly steps: ColumnRows<R>['steps'];
  readonly offsets: ColumnRows<R>['offsets'];
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
  const offsets: Record<string, number> = {};
  const arrays = new Map<ScalarKind, ArrayBufferView>();
  const { buffer, byteOffset, length } = memory.bytes;
  for (const field of layout.fields) {
    const width = isText(field) ? 1 : field.size;
    const array =
      arrays.get(field.kind) ??
      (field.kind === 'utf8' ? memory.buffer : new VIEWS[field.kind](buffer, byteOffset, Math.floor(length / width)));
    arrays.set(field.kind, array);
    columns[field.name] = array;
    steps[field.name] = slots.stride / width;
    offsets[field.name] = (slots.wordBytes + field.offset) / width;
  }
  return { columns: columns as RecordColumns<R>, steps: steps as Steps<R>, offsets: offsets as Steps<R> };
}

type Steps<R> = ColumnRows<R>['steps'];

/** The rows of one call of a callback, which sees them as read-only. */
class Stretch<R> implements PolledRows<R> {
  count = 0;
  first = 0;
  from = 0;
  shard = 0;
  sequence = 0;
  readonly steps: Steps<R>;
  readonly offsets: Steps<R>;

  constructor({ steps, offsets }: Columns<R>) {
    this.steps = steps;
    this.offsets = offsets;
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

  constructor(slots: SlotProducer, columns: Columns<R>) {
    this.slots = slots;
    this.columns = columns.columns;
    this.rows = new Stretch(columns);
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

  constructor(slots: SlotConsumer, shard: number, columns: Columns<R>) {
    this.slots = slots;
    this.columns = columns.columns;
    this.rows = new Stretch(columns);
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
