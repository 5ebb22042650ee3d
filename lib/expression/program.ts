/**
 * A program under construction: constants once each, one trie of members, instructions with their places, and its bytes at the end
 * (lib/abi/expression.ts). Pure; any thread.
 */
import {
  EXPR_CONSTANTS_MAX,
  EXPR_INSTRUCTIONS_MAX,
  EXPR_LAYOUT_VERSION,
  EXPR_MAGIC,
  EXPR_REGISTERS_MAX,
  ExprConstant,
  ExprDfa,
  ExprEdge,
  ExprEntry,
  ExprHeader,
  ExprInstruction,
  ExprNode,
  ExprPlace,
  ExprSlot,
  exprOps,
  exprRecords,
  exprTags,
} from '../abi/expression.js';
import type { StructLayout } from '../abi/struct.js';
import type { Dfa } from './pattern-dfa.js';
import { ExpressionError } from './source.js';
import {
  CelDuration,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
  typeNameOf,
} from './values.js';

export type ExprOp = keyof typeof exprOps;

export interface Instruction {
  readonly op: ExprOp;
  dst: number;
  a: number;
  b: number;
}

interface Place {
  readonly instruction: number;
  readonly start: number;
  readonly end: number;
  readonly entry: number;
}

interface ConstantRow {
  payload: bigint;
  length: number;
  tag: number;
}

interface TrieNode {
  readonly edges: Map<string, { child: TrieNode | undefined; slot: number | undefined }>;
}

export interface SlotRow {
  /** What it is called where it is shown. */
  readonly path: readonly string[];
  readonly field: number;
  readonly offset: number;
  readonly length: number;
}

/** The most that an evaluation may take. */
export interface ProgramBounds {
  readonly scratchValues: number;
  readonly scratchBytes: number;
  readonly steps: number;
}

const align8 = (bytes: number): number => (bytes + 7) & ~7;

/** A text that tells constants apart. */
function keyOf(value: CelValue): string {
  if (Array.isArray(value)) return `[${value.map(keyOf).join(',')}]`;
  if (value instanceof CelMap) return `{${value.entries.map(([key, of]) => `${keyOf(key)}:${keyOf(of)}`).join(',')}}`;
  if (value instanceof Uint8Array) return `b:${value.join('.')}`;
  if (value instanceof CelTimestamp || value instanceof CelDuration)
    return `${typeNameOf(value)}:${value.seconds}:${value.nanos}`;
  if (value instanceof CelUint) return `u:${value.value}`;
  if (value instanceof CelType) return `t:${value.name}`;
  if (value instanceof CelOptional) return `o:${value.value === undefined ? '' : keyOf(value.value)}`;
  if (typeof value === 'number') return `d:${Object.is(value, -0) ? '-0' : value}`;
  return typeof value === 'string' ? JSON.stringify(value) : `${typeof value}:${String(value)}`;
}

function doubleBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return view.getBigUint64(0, true);
}

export class ProgramBuilder {
  readonly instructions: Instruction[] = [];
  readonly slots: SlotRow[] = [];
  readonly dfas: Dfa[] = [];
  readonly constantValues: CelValue[] = [];
  readonly entries: number[] = [];
  readonly places: Place[] = [];
  registers = 0;
  readonly #constants: ConstantRow[] = [];
  readonly #constantByKey = new Map<string, number>();
  readonly #slotByPath = new Map<string, number>();
  readonly #root: TrieNode = { edges: new Map() };
  readonly #text: number[] = [];
  readonly #textByKey = new Map<string, number>();

  constructor(readonly record: keyof typeof exprRecords) {}

  emit(op: ExprOp, dst: number, a: number, b: number, place: { start: number; end: number }): number {
    const index = this.instructions.length;
    if (index >= EXPR_INSTRUCTIONS_MAX)
      throw new ExpressionError(
        `the expression needs more than ${EXPR_INSTRUCTIONS_MAX} instructions; split it over several stages`,
        place.start,
        place.end,
      );
    this.instructions.push({ op, dst, a, b });
    const entry = this.entries.length - 1;
    const last = this.places.at(-1);
    if (last === undefined || last.start !== place.start || last.end !== place.end || last.entry !== entry)
      this.places.push({ instruction: index, start: place.start, end: place.end, entry });
    return index;
  }

  useRegisters(count: number, place: { start: number; end: number }): void {
    if (count > EXPR_REGISTERS_MAX)
      throw new ExpressionError(
        `the expression needs more than ${EXPR_REGISTERS_MAX} values at a time; split it over several stages`,
        place.start,
        place.end,
      );
    this.registers = Math.max(this.registers, count);
  }

  /** Offset of a text among the texts of the program. */
  #textOf(bytes: Uint8Array): number {
    const key = bytes.join('.');
    const known = this.#textByKey.get(key);
    if (known !== undefined) return known;
    const offset = this.#text.length;
    this.#textByKey.set(key, offset);
    for (const byte of bytes) this.#text.push(byte);
    return offset;
  }

  /** The index of a constant. */
  constant(value: CelValue): number {
    const key = keyOf(value);
    const known = this.#constantByKey.get(key);
    if (known !== undefined) return known;
    const index = this.#reserve(1);
    this.#constantByKey.set(key, index);
    this.#fill(index, value);
    return index;
  }

  #reserve(count: number): number {
    const index = this.#constants.length;
    if (index + count > EXPR_CONSTANTS_MAX)
      throw new ExpressionError(
        `the expression and its constants have more than ${EXPR_CONSTANTS_MAX} values; split it over several stages`,
        0,
        0,
      );
    for (let added = 0; added < count; added += 1) {
      this.#constants.push({ payload: 0n, length: 0, tag: exprTags.Null });
      this.constantValues.push(null);
    }
    return index;
  }

  #fill(index: number, value: CelValue): void {
    this.constantValues[index] = value;
    const row = this.#constants[index] as ConstantRow;
    const text = (tag: number, bytes: Uint8Array): void => {
      Object.assign(row, { payload: BigInt(this.#textOf(bytes)), length: bytes.length, tag });
    };
    const many = (tag: number, values: readonly CelValue[], length: number): void => {
      const first = this.#reserve(values.length);
      Object.assign(row, { payload: BigInt(first), length, tag });
      for (const [at, element] of values.entries()) this.#fill(first + at, element);
    };
    const utf8 = (of: string): Uint8Array => new TextEncoder().encode(of);
    if (value === null) return;
    if (typeof value === 'boolean') Object.assign(row, { payload: BigInt(value), tag: exprTags.Bool });
    else if (typeof value === 'bigint') Object.assign(row, { payload: BigInt.asUintN(64, value), tag: exprTags.Int });
    else if (typeof value === 'number') Object.assign(row, { payload: doubleBits(value), tag: exprTags.Double });
    else if (typeof value === 'string') text(exprTags.String, utf8(value));
    else if (value instanceof Uint8Array) text(exprTags.Bytes, value);
    else if (value instanceof CelUint) Object.assign(row, { payload: value.value, tag: exprTags.Uint });
    else if (value instanceof CelType) text(exprTags.Type, utf8(value.name));
    else if (value instanceof CelMap) many(exprTags.Map, value.entries.flat(), value.entries.length);
    else if (value instanceof CelTimestamp || value instanceof CelDuration) {
      const tag = value instanceof CelTimestamp ? exprTags.Timestamp : exprTags.Duration;
      Object.assign(row, { payload: BigInt.asUintN(64, value.seconds), length: value.nanos, tag });
    } else if (value instanceof CelOptional) throw new TypeError('an optional is no constant of a program');
    else many(exprTags.List, value as readonly CelValue[], (value as readonly CelValue[]).length);
  }

  /** The slot of a member of a JSON record. */
  slot(path: readonly string[]): number {
    const key = JSON.stringify(path);
    const known = this.#slotByPath.get(key);
    if (known !== undefined) return known;
    const slot = this.#addSlot({ path, field: 0, offset: 0, length: 0 });
    let node = this.#root;
    for (const [depth, name] of path.entries()) {
      let edge = node.edges.get(name);
      if (edge === undefined) {
        edge = { child: undefined, slot: undefined };
        node.edges.set(name, edge);
      }
      if (depth === path.length - 1) edge.slot = slot;
      else {
        edge.child ??= { edges: new Map() };
        node = edge.child;
      }
    }
    return slot;
  }

  /** The slot of a field of a struct. */
  field(name: string, field: number, offset: number, length: number): number {
    const known = this.#slotByPath.get(name);
    return known ?? this.#addSlot({ path: [name], field, offset, length }, name);
  }

  #addSlot(row: SlotRow, key = JSON.stringify(row.path)): number {
    const slot = this.slots.length;
    this.slots.push(row);
    this.#slotByPath.set(key, slot);
    return slot;
  }

  dfa(dfa: Dfa): number {
    this.dfas.push(dfa);
    return this.dfas.length - 1;
  }

  /** The nodes of the trie, parents first. */
  #trie(): TrieNode[] {
    if (this.#root.edges.size === 0) return [];
    const nodes = [this.#root];
    for (let at = 0; at < nodes.length; at += 1)
      for (const { child } of (nodes[at] as TrieNode).edges.values()) if (child !== undefined) nodes.push(child);
    return nodes;
  }

  /** The program's bytes. */
  encode(bounds: ProgramBounds): Uint8Array {
    const nodes = this.#trie();
    const keys = nodes.map((node) =>
      [...node.edges].map(([name, edge]) => ({ ...edge, bytes: new TextEncoder().encode(name) })),
    );
    const edges = keys.flat();
    const edgeTexts = edges.map((edge) => this.#textOf(edge.bytes));
    const tables: (readonly [StructLayout, number])[] = [
      [ExprHeader, 1],
      [ExprEntry, this.entries.length],
      [ExprInstruction, this.instructions.length],
      [ExprConstant, this.#constants.length],
      [ExprNode, nodes.length],
      [ExprEdge, edges.length],
      [ExprSlot, this.slots.length],
      [ExprPlace, this.places.length],
      [ExprDfa, this.dfas.length],
    ];
    let at = 0;
    const starts = tables.map(([layout, count]) => {
      const start = at;
      at = align8(at + layout.size * count);
      return start;
    });
    const texts = at;
    at += this.#text.length;
    const dfas = this.dfas.map((dfa) => {
      const classes = at;
      const states = align8(classes + 256);
      const accepts = states + dfa.states.length * 2;
      at = accepts + dfa.accepts.length;
      return { classes, states, accepts };
    });
    const bytes = new Uint8Array(align8(at));
    const put = new TableWriter(bytes);
    put.rows(ExprHeader, starts[0] as number, [
      {
        magic: EXPR_MAGIC,
        layout_version: EXPR_LAYOUT_VERSION,
        bytes: bytes.length,
        record: exprRecords[this.record],
        entry_count: this.entries.length,
        instruction_count: this.instructions.length,
        constant_count: this.#constants.length,
        node_count: nodes.length,
        edge_count: edges.length,
        slot_count: this.slots.length,
        place_count: this.places.length,
        dfa_count: this.dfas.length,
        register_count: this.registers,
        scratch_values: bounds.scratchValues,
        scratch_bytes: bounds.scratchBytes,
        steps: bounds.steps,
      },
    ]);
    put.rows(
      ExprEntry,
      starts[1] as number,
      this.entries.map((first) => ({ first, reserved: 0 })),
    );
    put.rows(
      ExprInstruction,
      starts[2] as number,
      this.instructions.map(({ op, dst, a, b }) => ({ op: exprOps[op][0], dst, a, b })),
    );
    put.rows(
      ExprConstant,
      starts[3] as number,
      this.#constants.map((row) => this.#placedConstant(row, texts)),
    );
    let firstEdge = 0;
    put.rows(
      ExprNode,
      starts[4] as number,
      keys.map((own) => {
        const row = { lengths: lengthsOf(own), first_edge: firstEdge, edge_count: own.length };
        firstEdge += own.length;
        return row;
      }),
    );
    put.rows(
      ExprEdge,
      starts[5] as number,
      edges.map((edge, index) => ({
        head: headOf(edge.bytes),
        mask: maskOf(edge.bytes.length),
        text_offset: texts + (edgeTexts[index] as number),
        length: edge.bytes.length,
        child: edge.child === undefined ? 0 : nodes.indexOf(edge.child),
        slot: edge.slot === undefined ? 0 : edge.slot + 1,
      })),
    );
    put.rows(
      ExprSlot,
      starts[6] as number,
      this.slots.map(({ field, offset, length }) => ({ field, offset, length, reserved: 0 })),
    );
    put.rows(
      ExprPlace,
      starts[7] as number,
      this.places.map((place) => ({ ...place })),
    );
    put.rows(
      ExprDfa,
      starts[8] as number,
      this.dfas.map((dfa, index) => {
        const place = dfas[index] as (typeof dfas)[number];
        bytes.set(dfa.classes, place.classes);
        bytes.set(new Uint8Array(dfa.states.buffer, dfa.states.byteOffset, dfa.states.byteLength), place.states);
        bytes.set(dfa.accepts, place.accepts);
        return {
          classes_offset: place.classes,
          class_count: dfa.classCount,
          states_offset: place.states,
          state_count: dfa.accepts.length,
          accepts_offset: place.accepts,
          reserved: 0,
        };
      }),
    );
    bytes.set(this.#text, texts);
    return bytes;
  }

  #placedConstant({ payload, length, tag }: ConstantRow, texts: number): Record<string, number | bigint> {
    const isText = tag === exprTags.String || tag === exprTags.Bytes || tag === exprTags.Type;
    return { payload: isText ? payload + BigInt(texts) : payload, length, tag };
  }
}

/** Writes rows of tables, little-endian. */
class TableWriter {
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer);
  }

  rows(layout: StructLayout, start: number, rows: readonly Readonly<Record<string, number | bigint>>[]): void {
    for (const [index, row] of rows.entries()) {
      const base = start + index * layout.size;
      for (const field of layout.fields) {
        const value = row[field.name] as number | bigint;
        if (field.type === 'u64') this.#view.setBigUint64(base + field.offset, BigInt(value), true);
        else if (field.type === 'u16') this.#view.setUint16(base + field.offset, Number(value), true);
        else this.#view.setUint32(base + field.offset, Number(value), true);
      }
    }
  }
}

const lengthsOf = (keys: readonly { readonly bytes: Uint8Array }[]): bigint =>
  keys.reduce((set, key) => set | (1n << BigInt(Math.min(key.bytes.length, 63))), 0n);

function headOf(bytes: Uint8Array): bigint {
  let head = 0n;
  for (let at = Math.min(bytes.length, 8) - 1; at >= 0; at -= 1) head = (head << 8n) | BigInt(bytes[at] as number);
  return head;
}

const maskOf = (length: number): bigint => (1n << BigInt(8 * Math.min(length, 8))) - 1n;
