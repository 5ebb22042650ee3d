import {
  ExprConstant,
  ExprDfa,
  ExprEdge,
  ExprEntry,
  ExprHeader,
  ExprInstruction,
  ExprNode,
  ExprPlace,
  ExprSlot,
  exprFunctions,
  exprOps,
  exprTags,
} from '../../../lib/abi/expression.js';
import type { StructLayout } from '../../../lib/abi/struct.js';
import { CelDuration, CelMap, CelTimestamp, CelType, CelUint, type CelValue } from '../../../lib/expression/values.js';

/** Reads programs by lib/abi/expression.ts alone: it knows nothing of how the compiler makes them. */

type Row = Readonly<Record<string, bigint>>;

export interface DecodedInstruction {
  readonly op: keyof typeof exprOps;
  readonly dst: number;
  readonly a: number;
  readonly b: number;
}

export interface DecodedDfa {
  readonly classes: Uint8Array;
  readonly classCount: number;
  next(state: number, kind: number): number;
  accept(state: number): number;
}

export interface DecodedProgram {
  readonly header: Readonly<Record<string, number>>;
  readonly entries: readonly number[];
  readonly instructions: readonly DecodedInstruction[];
  readonly constants: readonly CelValue[];
  readonly slots: readonly (readonly string[] | { field: number; offset: number; length: number })[];
  readonly dfas: readonly DecodedDfa[];
  readonly places: readonly Readonly<Record<string, number>>[];
}

const opNames = Object.fromEntries(Object.entries(exprOps).map(([name, [code]]) => [code, name]));
export const functionByCode: Readonly<Record<number, readonly [string, number]>> = Object.fromEntries(
  Object.entries(exprFunctions).map(([name, [code, count]]) => [code, [name, count]]),
);

const numbers = (row: Row): Record<string, number> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));

export function decodeProgram(bytes: Uint8Array): DecodedProgram {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
  const utf8 = (offset: number, length: number): string => new TextDecoder().decode(text(offset, length));
  let at = 0;
  const table = (layout: StructLayout, count: number): Row[] => {
    const rows = Array.from({ length: count }, (_, index) => {
      const base = at + index * layout.size;
      return Object.fromEntries(
        layout.fields.map(({ name, type, offset }) => {
          if (type === 'u64') return [name, view.getBigUint64(base + offset, true)];
          const value = type === 'u16' ? view.getUint16(base + offset, true) : view.getUint32(base + offset, true);
          return [name, BigInt(value)];
        }),
      );
    });
    at = (at + layout.size * count + 7) & ~7;
    return rows;
  };
  const header = numbers(table(ExprHeader, 1)[0] as Row);
  const count = (name: string): number => header[name] as number;
  const entries = table(ExprEntry, count('entry_count')).map((row) => Number(row.first));
  const instructions = table(ExprInstruction, count('instruction_count')).map((row) => {
    const { op, dst, a, b } = numbers(row) as Record<'op' | 'dst' | 'a' | 'b', number>;
    return { op: opNames[op] as keyof typeof exprOps, dst, a, b };
  });
  const constantRows = table(ExprConstant, count('constant_count'));
  const nodes = table(ExprNode, count('node_count')).map(numbers);
  const edges = table(ExprEdge, count('edge_count')).map(numbers);
  const slotRows = table(ExprSlot, count('slot_count')).map(numbers);
  const places = table(ExprPlace, count('place_count')).map(numbers);
  const dfas = table(ExprDfa, count('dfa_count')).map((row): DecodedDfa => {
    const dfa = numbers(row) as Record<'classes_offset' | 'class_count' | 'states_offset' | 'accepts_offset', number>;
    return {
      classes: text(dfa.classes_offset, 256),
      classCount: dfa.class_count,
      next: (state, kind) => view.getUint16(dfa.states_offset + (state * dfa.class_count + kind) * 2, true),
      accept: (state) => bytes[dfa.accepts_offset + state] as number,
    };
  });
  const constantAt = (index: number): CelValue => {
    const row = constantRows[index] as Row;
    const [payload, length] = [row.payload as bigint, Number(row.length)];
    const many = (of: number): CelValue[] => Array.from({ length: of }, (_, n) => constantAt(Number(payload) + n));
    switch (Number(row.tag)) {
      case exprTags.Null:
        return null;
      case exprTags.Bool:
        return payload === 1n;
      case exprTags.Int:
        return BigInt.asIntN(64, payload);
      case exprTags.Uint:
        return new CelUint(payload);
      case exprTags.Double: {
        const bits = new DataView(new ArrayBuffer(8));
        bits.setBigUint64(0, payload);
        return bits.getFloat64(0);
      }
      case exprTags.String:
        return utf8(Number(payload), length);
      case exprTags.Bytes:
        return text(Number(payload), length).slice();
      case exprTags.Type:
        return new CelType(utf8(Number(payload), length));
      case exprTags.Timestamp:
        return new CelTimestamp(BigInt.asIntN(64, payload), length);
      case exprTags.Duration:
        return new CelDuration(BigInt.asIntN(64, payload), length);
      case exprTags.List:
        return many(length);
      default: {
        const flat = many(length * 2);
        return new CelMap(
          Array.from({ length }, (_, n) => [flat[2 * n] as CelValue, flat[2 * n + 1] as CelValue] as const),
        );
      }
    }
  };
  const paths: string[][] = [];
  const walk = (node: number, path: readonly string[]): void => {
    const { first_edge: first, edge_count: edgeCount } = nodes[node] as Record<string, number>;
    for (const edge of edges.slice(first, (first as number) + (edgeCount as number))) {
      const to = [...path, utf8(edge.text_offset as number, edge.length as number)];
      if (edge.slot !== 0) paths[(edge.slot as number) - 1] = to;
      if (edge.child !== 0) walk(edge.child as number, to);
    }
  };
  if (nodes.length > 0) walk(0, []);
  const slots = slotRows.map((row, index) => {
    const { field, offset, length } = row as Record<'field' | 'offset' | 'length', number>;
    return field === 0 ? (paths[index] as string[]) : { field, offset, length };
  });
  return { header, entries, instructions, constants: constantRows.map((_, n) => constantAt(n)), slots, dfas, places };
}
