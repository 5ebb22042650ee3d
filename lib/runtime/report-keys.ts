/**
 * Keys of a `count` by a struct's field, as their type says them: the core counts bytes and reports them as text, which
 * for a number is nothing that can be read. Pure.
 */
import { type FieldLayout, layoutOf, type ScalarKind } from '../plan/codec-layout.js';
import type { BoundaryEntry, Codec, Key, PipelinePlanV2 } from '../plan/document.js';
import type { CountReport, Reports } from './reports.js';

/** Stage → the type of the field that it counts by; only of stages that do. */
export type FieldKeys = Readonly<Record<string, ScalarKind>>;

export function fieldKeysOf(plan: PipelinePlanV2): FieldKeys {
  const asked = plan.stages.flatMap(({ id, config }) => {
    const key = (config as { readonly key?: Key } | undefined)?.key;
    return key?.kind === 'field' ? [{ id, name: key.name }] : [];
  });
  const before = upstreamOf(plan);
  return Object.fromEntries(
    asked.flatMap(({ id, name }) => {
      const kind = fieldOf(ingressCodecs(plan, id, before), name)?.kind;
      return kind === undefined ? [] : [[id, kind]];
    }),
  );
}

/** Validation has seen to it that all of them have the field in the same form. */
const fieldOf = (codecs: readonly (Codec | undefined)[], name: string): FieldLayout | undefined =>
  codecs.flatMap((codec) => layoutOf(codec)?.fields ?? []).find((field) => field.name === name);

function ingressCodecs(
  plan: PipelinePlanV2,
  stage: string,
  before: ReadonlyMap<string, readonly string[]>,
): (Codec | undefined)[] {
  const ingresses = new Map<string, BoundaryEntry>(
    plan.boundaries.filter(({ kind }) => kind === 'ingress').map((boundary) => [boundary.id, boundary]),
  );
  if (plan.target === 'SingleRing') return [...ingresses.values()].map(({ codec }) => codec);
  const seen = new Set([stage]);
  for (const id of seen) for (const from of before.get(id) ?? []) seen.add(from);
  return [...seen].flatMap((id) => ingresses.get(id) ?? []).map(({ codec }) => codec);
}

/** Node of a graph → those with a connection to it. */
function upstreamOf(plan: PipelinePlanV2): ReadonlyMap<string, readonly string[]> {
  const before = new Map<string, string[]>();
  if (plan.target !== 'LaneGraph') return before;
  for (const { from, to } of plan.lane_graph.connections) {
    const known = before.get(to);
    if (known === undefined) before.set(to, [from]);
    else known.push(from);
  }
  return before;
}

/** Reports with the keys of such stages told by their type; keys that then read the same are one. */
export function withReadableKeys(reports: Reports, fields: FieldKeys): Reports {
  const changed = Object.entries(fields).flatMap(([stage, kind]) => {
    const report = reports[stage] as CountReport | undefined;
    if (report?.keys === undefined) return [];
    return [[stage, { ...report, keys: readable(report.keys, kind) }] as const];
  });
  return changed.length === 0 ? reports : { ...reports, ...Object.fromEntries(changed) };
}

function readable(keys: Readonly<Record<string, number>>, kind: ScalarKind): Record<string, number> {
  const counts = new Map<string, number>();
  for (const [key, count] of Object.entries(keys)) {
    const words = keyWords(key, kind);
    counts.set(words, (counts.get(words) ?? 0) + count);
  }
  // Not assigned one by one: a key may be called `__proto__`.
  return Object.fromEntries(counts);
}

/** A number in decimal, a boolean by its name, a text without its padding, bytes in hexadecimal. */
export function keyWords(key: string, kind: ScalarKind): string {
  if (kind === 'utf8') return key.replace(/\0+$/, '');
  const bytes = bytesOf(key);
  if (kind === 'bytes') return Buffer.from(bytes).toString('hex');
  if (kind === 'bool') return String(bytes[0] !== 0);
  return String(READ[kind](new DataView(bytes.buffer)));
}

const READ: Readonly<Record<Exclude<ScalarKind, 'utf8' | 'bytes' | 'bool'>, (view: DataView) => number | bigint>> = {
  u8: (view) => view.getUint8(0),
  u16: (view) => view.getUint16(0, true),
  u32: (view) => view.getUint32(0, true),
  u64: (view) => view.getBigUint64(0, true),
  i8: (view) => view.getInt8(0),
  i16: (view) => view.getInt16(0, true),
  i32: (view) => view.getInt32(0, true),
  i64: (view) => view.getBigInt64(0, true),
  f32: (view) => view.getFloat32(0, true),
  f64: (view) => view.getFloat64(0, true),
};

/** The bytes of a key as the core writes it: UTF-8, and U+DCHH for the byte HH that is not part of any (docs/ops.md). */
function bytesOf(key: string): Uint8Array {
  const bytes: number[] = [];
  for (const char of key) {
    const code = char.codePointAt(0) as number;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...Buffer.from(char));
  }
  return Uint8Array.from(bytes);
}
