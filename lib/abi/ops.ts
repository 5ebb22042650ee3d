/**
 * The op table: a row an op. What a stage with it may do to a record, what it costs beside the others, and the C++ header of its
 * class stand here and nowhere else. generate.ts makes the C++ table, the catalog of classes and the codes of it
 * (native/abi/abi_generated.hpp, native/op/catalog_generated.hpp); the catalog of plans takes its traits
 * (lib/plan/op-catalog.ts), and the placement of stages its weights. Pure; any thread.
 */

/** What an op may do to records, and what it costs. */
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
  /** Emits other records than it reads. */
  readonly emits: boolean;
  /** A struct is still that struct behind it. */
  readonly keepsLayout: boolean;
  /** What a record costs it, beside the other ops, by whole-file runs of bench/native; most are 1. */
  readonly weight: number;
  /** The same where it has a config, of an op whose config may be left out. */
  readonly configuredWeight: number;
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
  keepsLayout: given.access !== 'write',
  weight: 1,
  configuredWeight: given.weight ?? 1,
  ...given,
});

/** The built-in ops, in the order in which they are listed to people. */
export const ops = {
  Identity: row({ name: 'identity', code: 1, header: 'identity.hpp', weight: 0.05 }),
  Filter: row({ name: 'filter', code: 2, header: 'filter.hpp', filters: true }),
  Prepend: row({ name: 'prepend', code: 3, header: 'affix.hpp', access: 'write' }),
  Append: row({ name: 'append', code: 4, header: 'affix.hpp', access: 'write' }),
  /** Without a key it adds one; with one it finds the key and looks it up. */
  Count: row({ name: 'count', code: 5, header: 'count.hpp', sink: true, weight: 0.1, configuredWeight: 2 }),
  Checksum: row({ name: 'checksum', code: 6, header: 'checksum.hpp', sink: true }),
  Reject: row({ name: 'reject', code: 7, header: 'reject.hpp', fails: true }),
  SetField: row({
    name: 'set_field',
    code: 8,
    header: 'set_field.hpp',
    access: 'write',
    fails: true,
    keepsLayout: true,
  }),
} as const;

/** Ops that the caller brings, by the prefix of their keys in plans. What they do is what the plan declares. */
export const callerOps = {
  Js: { name: 'js', code: 100, weight: 1 },
  Native: { name: 'native', code: 101, weight: 1 },
} as const;

export type BuiltinName = keyof typeof ops;
export type OpName = BuiltinName | keyof typeof callerOps;

/** By the keys of plans. */
export const builtinNames: ReadonlyMap<string, BuiltinName> = new Map(
  (Object.keys(ops) as BuiltinName[]).map((name) => [ops[name].name, name]),
);

/** `OpCode` of the definition. */
export const opCodes = Object.fromEntries(
  Object.entries({ ...ops, ...callerOps }).map(([name, { code }]) => [name, code]),
) as Readonly<Record<OpName, number>>;
