/**
 * The built-in ops: what each may be told, what it does to a record (lib/abi/ops.ts), and what it needs. Validation, the
 * builder's types, lowering and `capabilities` read this one table. Ops of callers (`js:<name>`, `native:<name>`) are not in it:
 * `validate` checks what the plan says of them, `open` checks the rest. Pure; any thread.
 */
import type * as z from 'zod';
import { type BuiltinName, callerOps, ops } from '../abi/ops.js';
import type { Key, OpDeclarations, StageEntry } from './document.js';
import { CALLER_OP_PATTERN } from './limits.js';
import { countConfig, matchConfig, noConfig, setFieldConfig, textConfig } from './op-configs.js';
import type { Shape } from './shape.js';
import * as shapes from './shapes.js';
import { utf8Length } from './utf8.js';

/** `write`: the op may change a record's bytes. Two unordered stages of a ring race if one of them writes. */
export type OpAccess = 'read' | 'write';

/** Bytes that a writing op adds at most, before and behind the record; lowering reserves them in every slot. */
export interface OpRoom {
  readonly head: number;
  readonly tail: number;
}

/** What a stage does to records, as far as a plan can say. */
export interface OpTraits {
  /** Whether it may change a record's bytes. */
  readonly access: OpAccess;
  /** May stand where nothing reads it. */
  readonly sink: boolean;
  /** May take a record out of the flow, counted as `filtered`. */
  readonly filters: boolean;
  /** May fail a record; `on_error` of its stage says what becomes of it. */
  readonly fails: boolean;
  /** Emits other records than it reads, which a slot of a SingleRing cannot hold. */
  readonly emits: boolean;
  /** Records that it emits at most for one, where that is stated. */
  readonly emitsMax?: number | undefined;
  /** A struct is still that struct behind it. */
  readonly keepsLayout: boolean;
}

/** What the config of an op says of the struct whose records arrive; its members stand here by their names. */
export interface FieldUse {
  /** The member that names the field which the op works on. */
  readonly field: string;
  /** The member that names another field of the same type. */
  readonly from?: string;
  /** The members that are constants of the field's type. */
  readonly constants: readonly ConstantUse[];
}

export interface ConstantUse {
  readonly member: string;
  /** Of a constant that only a field of a number can have: why, and what else to write. */
  readonly numbersOnly?: { readonly why: string; readonly hint: string };
}

/** A built-in op: its traits, its configuration and its help. */
export interface OpEntry extends OpTraits {
  /** Key of the op in a plan. */
  readonly op: string;
  /** One paragraph for `capabilities` and the docs. */
  readonly help: string;
  /**
   * The schema of `config`, an object. Asked for when a plan is validated: until then no schema has been made.
   * @internal
   */
  readonly config: z.ZodType;
  /**
   * The quick check of `config`; where there is none, the schema is asked each time. Asked for as `config` is.
   * @internal
   */
  readonly shape?: Shape | undefined;
  /** False where `config` may be left out, which is the same as `{}`. */
  readonly configRequired: boolean;
  /** Bytes of room for a config that `config` accepts. */
  readonly room: (config: unknown) => OpRoom;
  /** Of a writing op that only puts text to every record: the bytes before and behind it, exactly. */
  readonly adds?: (config: unknown) => OpRoom;
  /**
   * Of an op that fails records only with some configs: whether it does with this one.
   * @internal
   */
  readonly failsWith?: (config: unknown) => boolean;
  /**
   * Of an op that works on a field of a struct: what `config` says of it, which lib/validate/set-field.ts checks.
   * @internal
   */
  readonly fields?: (config: unknown) => FieldUse;
}

export type OpCatalog = ReadonlyMap<string, OpEntry>;

export interface FilterConfig {
  readonly contains?: string;
  readonly starts_with?: string;
  readonly ends_with?: string;
  readonly equals?: string;
  /** An expression of CEL, which a record can fail. */
  readonly where?: string;
  readonly invert?: boolean;
}
export interface TextConfig {
  readonly text: string;
}
export interface CountConfig {
  readonly key?: Key;
}
/** A number, `true` or `false`, or a text: what a constant of a field's type is written as (docs/ops.md, set_field). */
export type FieldConstant = number | boolean | string;
export interface SetFieldConfig {
  readonly field: string;
  readonly value?: FieldConstant;
  readonly add?: number | string;
  readonly from?: string;
}
export type NoConfig = { readonly [key: string]: never };

/** Built-in op → its config; what the builder checks `config` against at compile time. */
export interface OpConfigs {
  readonly identity: NoConfig;
  readonly filter: FilterConfig;
  readonly prepend: TextConfig;
  readonly append: TextConfig;
  readonly count: CountConfig;
  readonly checksum: NoConfig;
  readonly reject: FilterConfig;
  readonly set_field: SetFieldConfig;
}
export type BuiltinOp = keyof OpConfigs;
export type CallerOp = `js:${string}` | `native:${string}`;

const NO_ROOM: OpRoom = { head: 0, tail: 0 };
const noRoom = (): OpRoom => NO_ROOM;
const textBytes = (config: unknown): number => utf8Length((config as TextConfig).text);

/** Text before and behind every record. */
const adding = (adds: (config: unknown) => OpRoom) => ({ room: adds, adds });

/** An expression has errors of its own: an absent member, a division by zero. */
const hasWhere = (config: unknown): boolean =>
  typeof config === 'object' && config !== null && (config as FilterConfig).where !== undefined;

const SUMS = { why: 'only numbers are added to', hint: 'Write `value` or `from`.' };

function setFieldUse(config: unknown): FieldUse {
  const { from, add } = config as SetFieldConfig;
  if (from !== undefined) return { field: 'field', from: 'from', constants: [] };
  return {
    field: 'field',
    constants: [add === undefined ? { member: 'value' } : { member: 'add', numbersOnly: SUMS }],
  };
}

/** What the op table says of an op, and no room. */
function rowOf(op: BuiltinName) {
  const { name, access, sink, filters, fails, emits, emitsMax, keepsLayout } = ops[op];
  const traits = { access, sink, filters, fails, emits, emitsMax: emitsMax === 0 ? undefined : emitsMax, keepsLayout };
  return { op: name, ...traits, room: noRoom };
}

const ENTRIES: readonly OpEntry[] = [
  {
    ...rowOf('Identity'),
    help: 'Passes every record on unchanged.',
    get shape() {
      return shapes.noConfig;
    },
    get config() {
      return noConfig;
    },
    configRequired: false,
  },
  {
    ...rowOf('Filter'),
    help: 'Passes the records that match; a record that does not match is filtered and counted once.',
    get shape() {
      return shapes.matchConfig;
    },
    get config() {
      return matchConfig;
    },
    configRequired: true,
    failsWith: hasWhere,
  },
  {
    ...rowOf('Prepend'),
    help: 'Puts text before every record.',
    get shape() {
      return shapes.textConfig;
    },
    get config() {
      return textConfig;
    },
    configRequired: true,
    ...adding((config) => ({ head: textBytes(config), tail: 0 })),
  },
  {
    ...rowOf('Append'),
    help: 'Puts text behind every record.',
    get shape() {
      return shapes.textConfig;
    },
    get config() {
      return textConfig;
    },
    configRequired: true,
    ...adding((config) => ({ head: 0, tail: textBytes(config) })),
  },
  {
    ...rowOf('Count'),
    help: 'Counts records, in total or per key (a bounded number of keys), in snapshots and in the summary of a run.',
    get shape() {
      return shapes.countConfig;
    },
    get config() {
      return countConfig;
    },
    configRequired: false,
  },
  {
    ...rowOf('Checksum'),
    help: 'Takes the CRC32C of all records in order, one per shard, for the summary of a run.',
    get shape() {
      return shapes.noConfig;
    },
    get config() {
      return noConfig;
    },
    configRequired: false,
  },
  {
    ...rowOf('Reject'),
    help: 'Fails a record that matches, which stops the pipeline unless `on_error` says otherwise; other records pass unchanged.',
    get shape() {
      return shapes.matchConfig;
    },
    get config() {
      return matchConfig;
    },
    configRequired: true,
    failsWith: hasWhere,
  },
  {
    ...rowOf('SetField'),
    help: 'Writes a field of a struct in place: a constant, a sum, or another field. A sum that its type cannot hold fails the record.',
    get shape() {
      return shapes.setFieldConfig;
    },
    get config() {
      return setFieldConfig;
    },
    configRequired: true,
    fields: setFieldUse,
  },
];

/** The built-in ops by key, in the order in which they are listed to people. */
export const OP_CATALOG: OpCatalog = new Map(ENTRIES.map((entry) => [entry.op, entry]));

/** An op that changes nothing and emits nothing of its own leaves a struct as it is. */
const keepsByDefault = ({ access, emits }: OpDeclarations): boolean => access === 'read' && emits !== true;

/** What an op that the caller brings does, as far as its entry says; where it says nothing, the most that it could. */
function callerTraits(says: OpDeclarations): OpTraits {
  const access = says.access ?? 'write';
  return {
    access,
    sink: says.sink ?? true,
    filters: says.filters ?? true,
    fails: true,
    emits: says.emits ?? false,
    emitsMax: says.emits_max,
    keepsLayout: says.keeps_layout ?? keepsByDefault(says),
  };
}

const JS_PREFIX = `${callerOps.Js.name}:`;
const NATIVE_PREFIX = `${callerOps.Native.name}:`;

export function isCallerOp(op: string): op is CallerOp {
  return CALLER_OP_PATTERN.test(op);
}

/** Of an op that a function of JavaScript does, the name of the function; undefined of any other. */
export const functionOf = (op: string): string | undefined =>
  isCallerOp(op) && op.startsWith(JS_PREFIX) ? op.slice(JS_PREFIX.length) : undefined;

/** Of an op that a plug-in does, the name under which `open` is given its library; undefined of any other. */
export const libraryOf = (op: string): string | undefined =>
  isCallerOp(op) && op.startsWith(NATIVE_PREFIX) ? op.slice(NATIVE_PREFIX.length) : undefined;

/**
 * The traits of an op, or undefined if neither the catalog knows it nor its name is that of a caller's op.
 * @param says what the stage's entry declares, which counts for callers' ops only
 * @param config what the stage's op is told
 */
export function traitsOf(
  op: string,
  catalog: OpCatalog = OP_CATALOG,
  says: OpDeclarations = {},
  config?: unknown,
): OpTraits | undefined {
  const entry = catalog.get(op);
  if (entry === undefined) return isCallerOp(op) ? callerTraits(says) : undefined;
  if (entry.failsWith?.(config) !== true) return entry;
  const { access, sink, filters, emits, emitsMax, keepsLayout } = entry;
  return { access, sink, filters, fails: true, emits, emitsMax, keepsLayout };
}

/** Bytes of room that a stage of a checked plan needs: of a caller's op, what its entry declares. */
export function roomOf(stage: Pick<StageEntry, 'op' | 'config' | 'room'>): OpRoom {
  const entry = OP_CATALOG.get(stage.op);
  if (entry !== undefined) return entry.room(stage.config ?? {});
  return stage.room === undefined ? NO_ROOM : { head: 0, tail: stage.room };
}

/**
 * The config with nothing left out that has a default, so that a default written out and one left out are the same
 * text: `invert: false` goes, an empty object becomes undefined. Callers' configs are returned as they are.
 */
export function normalConfig(stage: { readonly op: string; readonly config?: unknown }): unknown {
  if (!OP_CATALOG.has(stage.op) || stage.config === undefined) return stage.config;
  const kept = Object.entries(stage.config as object).filter(
    ([name, value]) => !(name === 'invert' && value === false),
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** What the entry of a caller's op declares beyond the defaults, so that a default written out changes nothing. */
export function normalDeclarations(stage: StageEntry): OpDeclarations {
  const { access, sink, filters, emits, emits_max, room, keeps_layout } = stage;
  return {
    ...(access === undefined || access === 'write' ? {} : { access }),
    ...(sink === undefined ? {} : { sink }),
    ...(filters === undefined || filters ? {} : { filters }),
    ...(emits === undefined ? {} : { emits }),
    ...(emits_max === undefined ? {} : { emits_max }),
    ...(room === undefined || room === 0 ? {} : { room }),
    ...(keeps_layout === undefined || keeps_layout === keepsByDefault(stage) ? {} : { keeps_layout }),
  };
}
