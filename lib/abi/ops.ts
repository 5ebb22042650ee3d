/**
 * The op table: a row an op. What a stage with it may do to a record, what it costs beside the others, how its config crosses and
 * the C++ header of its class stand here and nowhere else. generate.ts makes the C++ table, the catalog of classes and the
 * codes of it (native/abi/abi_generated.hpp, native/op/catalog_generated.hpp); the catalog of plans takes its traits
 * (lib/plan/op-catalog.ts), lowering the form of its config, and the placement of stages its weights. Pure; any thread.
 *
 * A config crosses as bytes of the op's own: one struct, and behind it the texts that the struct names. A text named `x` is a pair of
 * u32 fields, `x_offset` (from the start of the config) and `x_length` (bytes, of UTF-8 but for programs); every other field is a
 * number.
 */
import { type StructLayout, struct } from './struct.js';

export const MatchConfig = struct('MatchConfig', 'How filter and reject tell the records that they mean.', [
  ['match', 'u32', 'MatchCode'],
  ['invert', 'u32', '0 or 1'],
  ['text_offset', 'u32', 'needle'],
  ['text_length', 'u32', 'bytes'],
]);

export const WhereConfig = struct(
  'WhereConfig',
  'What filter and reject do with a compiled condition (expression.ts).',
  [
    ['invert', 'u32', '0 or 1'],
    ['reserved', 'u32', 'zero'],
    ['program_offset', 'u32', 'the condition, its first entry'],
    ['program_length', 'u32', 'bytes'],
    ['text_offset', 'u32', 'the condition as it is written, for the sentence of a failed record'],
    ['text_length', 'u32', 'bytes'],
  ],
);

export const TextConfig = struct('TextConfig', 'What prepend and append put to a record.', [
  ['text_offset', 'u32', ''],
  ['text_length', 'u32', 'bytes'],
]);

/** Of shards and routers in a table, whose texts are in Text; of `count` its config. */
export const SpecKey = struct('SpecKey', 'How a key is found in a record.', [
  ['kind', 'u32', 'KeyCode'],
  ['offset', 'u32', 'Bytes, Field: first byte'],
  ['length', 'u32', 'Bytes, Field: bytes'],
  ['index', 'u32', 'Token: 0-based token'],
  ['text_offset', 'u32', 'Token: separator; Json: pointer; Field: name. In Text, or in the config that this is'],
  ['text_length', 'u32', 'bytes'],
]);

export const SetFieldConfig = struct('SetFieldConfig', 'What set_field does.', [
  ['write', 'u32', 'FieldWriteCode'],
  ['kind', 'u32', 'FieldCode of the field'],
  ['offset', 'u32', 'its first byte in the struct'],
  ['length', 'u32', 'its bytes'],
  ['from', 'u32', 'From: first byte of the field that is copied; else 0'],
  ['reserved', 'u32', 'zero'],
  ['name_offset', 'u32', 'name of the field'],
  ['name_length', 'u32', 'bytes'],
  ['text_offset', 'u32', 'Value of Utf8: the text; of Bytes: two hexadecimal digits a byte'],
  ['text_length', 'u32', 'bytes'],
  ['bits', 'u64', 'Value, Add of a number or a bool: the constant as it stands in the field, little-endian; else 0'],
]);

export const CallerConfig = struct(
  'CallerConfig',
  'Which of the caller’s ops it is; what its own config says stays in JavaScript.',
  [
    ['name_offset', 'u32', 'what stands behind the colon of its key in plans'],
    ['name_length', 'u32', 'bytes'],
    ['emits_max', 'u32', 'records that it emits at most for one; 0: the plan does not say'],
  ],
);

/** What an op may do to records, what it costs, and how its config crosses. */
export interface OpRow {
  /** Its key in plans. The class in C++ has the name of the row and `Op` behind it. */
  readonly name: string;
  /** In lowered plans. It never changes, and no other op ever gets it. */
  readonly code: number;
  /** `write`: it may change a record's bytes. */
  readonly access: 'read' | 'write';
  /** May stand where nothing reads it. */
  readonly sink: boolean;
  /** May take a record out of the flow, counted as `filtered`. */
  readonly filters: boolean;
  /** May fail a record. */
  readonly fails: boolean;
  /** Emits other records than it reads. Such an op has the contract of native/op/batch.hpp. */
  readonly emits: boolean;
  /** Records that it emits at most for one; 0 where that is not known, and where it emits none of its own. */
  readonly emitsMax: number;
  /** A struct is still that struct behind it. */
  readonly keepsLayout: boolean;
  /** What a record costs it, beside the other ops, by whole-file runs of bench/native; most are 1. */
  readonly weight: number;
  /** The same where it has a config, of an op whose config may be left out. */
  readonly configuredWeight: number;
  /** The struct at the start of its config; null where it has none. */
  readonly config: StructLayout | null;
  /** Whether it also works without one. */
  readonly configOptional: boolean;
  /** Header of its class, below native/op. */
  readonly header: string;
}

type Given = Pick<OpRow, 'name' | 'code' | 'header'> & Partial<OpRow>;

/** An op that passes every record on as it came, unless the row says more. */
const row = (given: Given): OpRow => ({
  access: 'read',
  sink: false,
  filters: false,
  fails: false,
  emits: false,
  emitsMax: 0,
  keepsLayout: given.access !== 'write' && given.emits !== true,
  weight: 1,
  configuredWeight: given.weight ?? 1,
  config: null,
  configOptional: false,
  ...given,
});

/** The built-in ops, in the order in which they are listed to people. */
export const ops = {
  Identity: row({ name: 'identity', code: 1, header: 'identity.hpp', weight: 0.05 }),
  Filter: row({ name: 'filter', code: 2, header: 'filter.hpp', config: MatchConfig, filters: true }),
  Prepend: row({ name: 'prepend', code: 3, header: 'affix.hpp', config: TextConfig, access: 'write' }),
  Append: row({ name: 'append', code: 4, header: 'affix.hpp', config: TextConfig, access: 'write' }),
  Count: row({
    name: 'count',
    code: 5,
    header: 'count.hpp',
    config: SpecKey,
    configOptional: true,
    sink: true,
    // Without a key it adds one; with a key it finds it in the record and looks it up.
    weight: 0.1,
    configuredWeight: 2,
  }),
  Checksum: row({ name: 'checksum', code: 6, header: 'checksum.hpp', sink: true }),
  Reject: row({ name: 'reject', code: 7, header: 'reject.hpp', config: MatchConfig, fails: true }),
  // What `filter` and `reject` with `where` are lowered to: no plan has these names.
  FilterWhere: row({
    name: 'filter_where',
    code: 9,
    header: 'where.hpp',
    config: WhereConfig,
    filters: true,
    fails: true,
    weight: 2,
  }),
  RejectWhere: row({
    name: 'reject_where',
    code: 10,
    header: 'where.hpp',
    config: WhereConfig,
    fails: true,
    weight: 2,
  }),
  SetField: row({
    name: 'set_field',
    code: 8,
    header: 'set_field.hpp',
    config: SetFieldConfig,
    access: 'write',
    fails: true,
    keepsLayout: true,
  }),
} as const;

/** Ops that the caller brings, by the prefix of their keys in plans. What they do is what the plan declares. */
export const callerOps = {
  Js: { name: 'js', code: 100, weight: 1, config: CallerConfig },
  Native: { name: 'native', code: 101, weight: 1, config: CallerConfig },
} as const;

export type BuiltinName = keyof typeof ops;
export type CallerName = keyof typeof callerOps;
export type OpName = BuiltinName | CallerName;

export const isCallerName = (op: OpName): op is CallerName => Object.hasOwn(callerOps, op);

/** The struct at the start of an op's config; null where it has none. */
export const configOf = (op: OpName): StructLayout | null => (isCallerName(op) ? callerOps[op] : ops[op]).config;

/** What a record costs a stage beside the others. */
export function weightOf(op: OpName, configured: boolean): number {
  if (isCallerName(op)) return callerOps[op].weight;
  return configured ? ops[op].configuredWeight : ops[op].weight;
}

/** By the keys of plans. */
export const builtinNames: ReadonlyMap<string, BuiltinName> = new Map(
  (Object.keys(ops) as BuiltinName[]).map((name) => [ops[name].name, name]),
);

/** `OpCode` of the definition. */
export const opCodes = Object.fromEntries(
  Object.entries({ ...ops, ...callerOps }).map(([name, { code }]) => [name, code]),
) as Readonly<Record<OpName, number>>;

/** The structs of all configs, each once. */
export const configStructs: readonly StructLayout[] = [
  ...new Set([...Object.values(ops), ...Object.values(callerOps)].flatMap(({ config }) => config ?? [])),
];
