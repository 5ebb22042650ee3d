/**
 * The struct codec: one function that writes a record, one that reads it, and in-place accessors, resolved from the
 * layout once. Where the engine allows it they are generated as source (a walk over the fields costs seven times as
 * much); with `--disallow-code-generation-from-strings` closures do the same. A test holds the two against each other.
 *
 * Values first, then the place: a record's getters are the caller's code and may push, claim or close. So `write` takes
 * and checks every value before it stores the first one, and asks for another place where its own has been taken. No
 * check runs the caller's code (docs/decisions/098).
 *
 * Field names are identifiers (lib/plan/limits.ts) and stand in the source as JSON strings only.
 */

import type { RecordMemory } from '../channel/shard-memory.js';
import { describeValue } from '../error/describe-value.js';
import { RecordError } from '../error/errors.js';
import type { FieldLayout, StructLayout } from '../plan/codec-layout.js';
import { bytesLength, isBytes } from './bytes.js';
import { columnsOver } from './columns.js';
import { KEPT, type Place, type PutPlace } from './place.js';
import type { PushStatus } from './push-status.js';
import type { BoundCodec, FieldAccess, RecordCodec } from './record-codec.js';

export type StructRecord = Readonly<Record<string, unknown>>;

/** What generated code may call and index; its names are the parameters of the generated function. */
interface Scope {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** See place.ts. */
  readonly lane: Place['lane'];
  readonly again: Place['again'];
  readonly handle: PutPlace['handle'] | undefined;
  /** Throws the RecordError for field `index`. */
  readonly wrong: (index: number, value: unknown) => never;
  readonly noRecord: (value: unknown) => never;
  /** Throws it for the first field whose value is wrong. */
  readonly refuse: (...values: readonly unknown[]) => void;
  readonly isText: (value: unknown, size: number) => boolean;
  readonly isBytes: (value: unknown, size: number) => boolean;
  /** A number beyond what an f32 holds: not the infinities, nor NaN. */
  readonly isFar: (value: number) => boolean;
  readonly putText: (value: string, at: number, size: number) => void;
  readonly getText: (at: number, size: number) => string;
  readonly getBytes: (at: number, size: number) => Uint8Array;
}

interface Compiled {
  write(record: StructRecord, at: number): number;
  read(at: number): StructRecord;
  readonly fields: FieldAccess;
  put?(record: StructRecord): PushStatus;
}

/** How a number is stored: the DataView method, the typed array that does the same when aligned, what is a bad value. */
interface NumberForm {
  readonly method: string;
  readonly array: string;
  readonly shift: number;
  /** What `typeof` says of its values. Asked first: an operator on anything else could throw or run the caller's code. */
  readonly type: 'number' | 'bigint';
  /** Expression over `x`, of that type already: true for a value that does not fit; '' where each fits. */
  readonly bad: (x: string) => string;
  readonly expects: string;
}

const integer = (
  method: string,
  array: string,
  shift: number,
  bad: (x: string) => string,
  range: string,
): NumberForm => ({
  method,
  array,
  shift,
  type: 'number',
  bad,
  expects: `an integer from ${range}`,
});

const bigint = (method: string, array: string, modulo: string, range: string): NumberForm => ({
  method,
  array,
  shift: 3,
  type: 'bigint',
  bad: (x) => `BigInt.${modulo}(64, ${x}) !== ${x}`,
  expects: `a bigint from ${range}`,
});

/** The least number that an f32 rounds to Infinity: half a step above its largest. */
const F32_FAR = 2 ** 128 - 2 ** 103;

const NUMBERS: Readonly<Record<string, NumberForm>> = {
  u8: integer('Uint8', 'Uint8Array', 0, (x) => `(MASK8 & ${x}) !== ${x}`, '0 to 255'),
  u16: integer('Uint16', 'Uint16Array', 1, (x) => `(MASK16 & ${x}) !== ${x}`, '0 to 65535'),
  u32: integer('Uint32', 'Uint32Array', 2, (x) => `(${x} >>> 0) !== ${x}`, '0 to 4294967295'),
  i8: integer('Int8', 'Int8Array', 0, (x) => `((${x} << 24) >> 24) !== ${x}`, '-128 to 127'),
  i16: integer('Int16', 'Int16Array', 1, (x) => `((${x} << 16) >> 16) !== ${x}`, '-32768 to 32767'),
  i32: integer('Int32', 'Int32Array', 2, (x) => `(${x} | 0) !== ${x}`, '-2147483648 to 2147483647'),
  f32: {
    method: 'Float32',
    array: 'Float32Array',
    shift: 2,
    type: 'number',
    // NaN and the infinities are f32s too; so is any other number, rounded, up to the limit.
    bad: (x) => `!(${x} < ${F32_FAR} && ${x} > ${-F32_FAR}) && isFar(${x})`,
    expects: 'a number that an f32 holds (less than 2 ** 128 - 2 ** 103), NaN or an infinity',
  },
  f64: { method: 'Float64', array: 'Float64Array', shift: 3, type: 'number', bad: () => '', expects: 'a number' },
  u64: bigint('BigUint64', 'BigUint64Array', 'asUintN', '0n to 2n ** 64n - 1n'),
  i64: bigint('BigInt64', 'BigInt64Array', 'asIntN', '-(2n ** 63n) to 2n ** 63n - 1n'),
};

function expected(field: FieldLayout): string {
  if (field.kind === 'bool') return 'true or false';
  if (field.kind === 'bytes') return `a Uint8Array of exactly ${field.size} bytes`;
  if (field.kind === 'utf8') return `a string of at most ${field.size} bytes of UTF-8`;
  return (NUMBERS[field.kind] as NumberForm).expects;
}

/** What a field was given, with its bytes where they decide. */
function received(field: FieldLayout, value: unknown): string {
  if (isBytes(value)) return `a Uint8Array of ${bytesLength(value)} bytes`;
  const words = describeValue(value);
  if (field.kind !== 'utf8' || typeof value !== 'string') return words;
  const end = value.endsWith('\0') ? ', and it ends in NUL, which fills up shorter ones' : '';
  return `${words} (${Buffer.byteLength(value)} bytes${end})`;
}

/** Zeros at the end of a text are what a shorter one is filled up with, so it cannot have any itself. */
const isText = (value: unknown, size: number): value is string =>
  typeof value === 'string' &&
  (value.length * 3 <= size || Buffer.byteLength(value, 'utf8') <= size) &&
  value.charCodeAt(value.length - 1) !== 0;

const isBytesOf = (value: unknown, size: number): value is Uint8Array => isBytes(value) && bytesLength(value) === size;

/** The same as the `bad` expressions above, of values of the right type. */
const FITS: Readonly<Record<string, (x: never) => boolean>> = {
  u8: (x: number) => (x & 255) === x,
  u16: (x: number) => (x & 65535) === x,
  u32: (x: number) => x >>> 0 === x,
  i8: (x: number) => (x << 24) >> 24 === x,
  i16: (x: number) => (x << 16) >> 16 === x,
  i32: (x: number) => (x | 0) === x,
  f32: (x: number) => !Number.isFinite(x) || Math.abs(x) < F32_FAR,
  f64: () => true,
  u64: (x: bigint) => BigInt.asUintN(64, x) === x,
  i64: (x: bigint) => BigInt.asIntN(64, x) === x,
};

/** True when the field can take the value. Runs none of the caller's code. */
export function isFit(field: FieldLayout, value: unknown): boolean {
  if (field.kind === 'bool') return typeof value === 'boolean';
  if (field.kind === 'utf8') return isText(value, field.size);
  if (field.kind === 'bytes') return isBytesOf(value, field.size);
  return typeof value === NUMBERS[field.kind]?.type && (FITS[field.kind] as (x: unknown) => boolean)(value);
}

export function scopeOf(layout: StructLayout, memory: RecordMemory, place: Place): Scope {
  const { bytes, buffer, view } = memory;
  const wrong = (index: number, value: unknown): never => {
    const field = layout.fields[index] as FieldLayout;
    const message = `field "${field.name}" takes ${expected(field)}, received ${received(field, value)}`;
    throw new RecordError(message, field.name);
  };
  return {
    bytes,
    view,
    lane: place.lane,
    again: place.again,
    handle: place.put?.handle,
    wrong,
    noRecord: (value) => {
      const names = layout.fields.map((field) => field.name).join(', ');
      throw new RecordError(`a struct record is an object with the fields ${names}; received ${describeValue(value)}`);
    },
    refuse(...values) {
      for (const [index, field] of layout.fields.entries())
        if (!isFit(field, values[index])) wrong(index, values[index]);
    },
    isText,
    isBytes: isBytesOf,
    isFar: Number.isFinite,
    putText(value, at, size) {
      const written = buffer.write(value, at, size, 'utf8');
      if (written < size) bytes.fill(0, at + written, at + size);
    },
    getText(at, size) {
      let end = at + size;
      while (end > at && bytes[end - 1] === 0) end--;
      return buffer.toString('utf8', at, end);
    },
    getBytes: (at, size) => bytes.slice(at, at + size),
  };
}

/** Bytes between fields and behind the last one, as [offset, length]. */
function gapsOf(layout: StructLayout): [number, number][] {
  const gaps: [number, number][] = [];
  let end = 0;
  for (const field of layout.fields) {
    if (field.offset > end) gaps.push([end, field.offset - end]);
    end = field.offset + field.size;
  }
  if (layout.size > end) gaps.push([end, layout.size - end]);
  return gaps;
}

// ---- generated ------------------------------------------------------------------------------------------------------

/** Expression that is true where `x` is nothing for the field. Runs none of the caller's code. */
function badSource(field: FieldLayout, x: string): string {
  if (field.kind === 'bool') return `typeof ${x} !== 'boolean'`;
  if (field.kind === 'utf8') return `!isText(${x}, ${field.size})`;
  if (field.kind === 'bytes') return `!isBytes(${x}, ${field.size})`;
  const form = NUMBERS[field.kind] as NumberForm;
  const bad = form.bad(x);
  return `typeof ${x} !== '${form.type}'${bad === '' ? '' : ` || ${bad}`}`;
}

/** Statement that stores `x`, which has been checked. */
function storeSource(field: FieldLayout, at: string, aligned: boolean, x: string): string {
  const place = `${at} + ${field.offset}`;
  if (field.kind === 'bool') return `bytes[${place}] = ${x} ? 1 : 0;`;
  if (field.kind === 'utf8') return `putText(${x}, ${place}, ${field.size});`;
  if (field.kind === 'bytes') return `bytes.set(${x}, ${place});`;
  const form = NUMBERS[field.kind] as NumberForm;
  return aligned ? `${elementSource(field, form, at)} = ${x};` : `view.set${form.method}(${place}, ${x}, true);`;
}

function getSource(field: FieldLayout, at: string, aligned: boolean): string {
  const place = `${at} + ${field.offset}`;
  if (field.kind === 'bool') return `bytes[${place}] !== 0`;
  if (field.kind === 'utf8') return `getText(${place}, ${field.size})`;
  if (field.kind === 'bytes') return `getBytes(${place}, ${field.size})`;
  const form = NUMBERS[field.kind] as NumberForm;
  return aligned ? elementSource(field, form, at) : `view.get${form.method}(${place}, true)`;
}

/** An element of the kind's array. The index counts elements, so that it is short for fields far behind too. */
function elementSource(field: FieldLayout, form: NumberForm, at: string): string {
  const index = field.offset >>> form.shift;
  return `${field.kind}[(${at} >>> ${form.shift})${index === 0 ? '' : ` + ${index}`}]`;
}

/**
 * V8 inlines accessors after everything else in a loop, when its budget is used up, unless they have 27 bytes of bytecode
 * at most. So a setter calls functions that are as small (helperSources), and nothing in the chain is a real call.
 */
function setterSource(field: FieldLayout, index: number, aligned: boolean, at: string): string {
  const place = `${at} + ${field.offset}`;
  if (field.kind === 'bool') return `bytes[${place}] = check${index}(x);`;
  const form = NUMBERS[field.kind];
  if (form === undefined)
    return `if (${badSource(field, 'x')}) wrong${index}(x); ${storeSource(field, at, aligned, 'x')}`;
  return aligned
    ? `${elementSource(field, form, at)} = check${index}(x);`
    : `store${index}(${place}, check${index}(x));`;
}

/** Their type and their range fit 27 bytes together. A mask stands in a variable, because as a number it takes more. */
const IN_ONE: ReadonlySet<string> = new Set(['u8', 'u16', 'u32', 'i32', 'f64']);

/** Functions of one field that its setter calls. */
function helperSources(field: FieldLayout, index: number, aligned: boolean): string[] {
  const lines = [`function wrong${index}(x) { return wrong(${index}, x); }`];
  if (field.kind === 'bool')
    lines.push(`function check${index}(x) { return typeof x === 'boolean' ? (x ? 1 : 0) : wrong${index}(x); }`);
  const form = NUMBERS[field.kind];
  if (form === undefined) return lines;
  const bad = form.bad('x');
  const typed = `typeof x === '${form.type}'`;
  if (IN_ONE.has(field.kind)) {
    lines.push(`function check${index}(x) { if (${badSource(field, 'x')}) return wrong${index}(x); return x; }`);
  } else {
    if (field.kind === 'f32')
      lines.push(
        `function far${index}(x) { return isFar(x) ? wrong${index}(x) : x; }`,
        `function fit${index}(x) { if (x < ${F32_FAR} && x > ${-F32_FAR}) return x; return far${index}(x); }`,
      );
    else lines.push(`function fit${index}(x) { if (${bad}) return wrong${index}(x); return x; }`);
    lines.push(`function check${index}(x) { if (${typed}) return fit${index}(x); return wrong${index}(x); }`);
  }
  if (!aligned) lines.push(`function store${index}(at, x) { view.set${form.method}(at, x, true); }`);
  return lines;
}

/** The statements of a function from a record to what is stored of it: its values are taken and checked first. */
interface RecordSource {
  readonly takes: readonly string[];
  /** True where a value is wrong. One expression: what is not inlined costs more than the rest (decision 043). */
  readonly bad: string;
  readonly refuse: string;
  readonly puts: readonly string[];
}

function recordSource(layout: StructLayout, aligned: boolean): RecordSource {
  const names = layout.fields.map((_, i) => `x${i}`);
  // In slots the gaps stay zero for ever; in an arena another record may have stood there.
  const gaps = aligned ? [] : gapsOf(layout).map(([at, length]) => `bytes.fill(0, at + ${at}, at + ${at + length});`);
  return {
    takes: layout.fields.map(({ name }, i) => `const x${i} = record[${JSON.stringify(name)}];`),
    bad: layout.fields.map((field, i) => badSource(field, `x${i}`)).join(' || '),
    refuse: `refuse(${names.join(', ')});`,
    puts: [...layout.fields.map((field, i) => storeSource(field, 'at', aligned, `x${i}`)), ...gaps],
  };
}

/** Statement as `storeSource` of a number, with the array and the slot's first element in variables. */
function storeInSlot(field: FieldLayout, x: string): string {
  const form = NUMBERS[field.kind];
  if (form === undefined) return storeSource(field, 'at', true, x);
  const index = field.offset >>> form.shift;
  return `${field.kind}_[at${form.shift}${index === 0 ? '' : ` + ${index}`}] = ${x};`;
}

/**
 * A whole push in one function: as PushCore's `put`, with everything that a record costs in it. V8 inlines it into the
 * caller's loop while it has 460 bytes of bytecode at most (nine `f64`), and then a record that is made for the call is
 * never made. So arrays and indices stand in variables, and what is rare is called (decision 114).
 */
function putSource(layout: StructLayout, { takes, bad, refuse }: RecordSource, put: PutPlace): string[] {
  const { slotMask, stride, wordBytes } = put.lane;
  const kinds = Object.keys(NUMBERS).filter((kind) => layout.fields.some((field) => field.kind === kind));
  const shifts = [...new Set(kinds.map((kind) => (NUMBERS[kind] as NumberForm).shift))];
  return [
    '  put(record) {',
    '    const lane_ = lane, handle_ = handle, next = lane_.next;',
    `    let at = next === lane_.limit ? again() : (next & ${slotMask}) * ${stride}${wordBytes === 0 ? '' : ` + ${wordBytes}`};`,
    '    if (at < 0) return handle_.noRoom();',
    '    if (record === null || typeof record !== "object") noRecord(record);',
    ...takes.map((line) => `    ${line}`),
    `    if (${bad}) ${refuse}`,
    // The record's own code may have pushed, claimed, or closed the ingress.
    '    if ((lane_.next !== next || handle_.claimed >= 0) && (at = handle_.placeAfter(next, at)) < 0)',
    '      return handle_.noRoom();',
    ...kinds.map((kind) => `    const ${kind}_ = ${kind};`),
    ...shifts.map((shift) => `    const at${shift} = at >>> ${shift};`),
    ...layout.fields.map((field, i) => `    ${storeInSlot(field, `x${i}`)}`),
    '    const end = lane_.next = (lane_.next + 1) | 0;',
    `    if (((end - lane_.published) | 0) >= ${put.publishRecords}) handle_.showFirst();`,
    '    else if (handle_.scheduled === false) handle_.schedule();',
    '    return "OK";',
    '  },',
  ];
}

/** An array over all of the memory for each type of number that the struct has. */
export function arraySources(layout: StructLayout): string[] {
  return Object.entries(NUMBERS)
    .filter(([kind]) => layout.fields.some((field) => field.kind === kind))
    .map(([kind, form]) => {
      const count = `Math.floor(bytes.length / ${2 ** form.shift})`;
      return `var ${kind} = new ${form.array}(bytes.buffer, bytes.byteOffset, ${count});`;
    });
}

/** A class of accessors, one a field, and what they call. Of a class: those of an object literal make it a dictionary. */
export function accessorSources(
  layout: StructLayout,
  aligned: boolean,
  at: string,
  name: string,
  first: string,
): string[] {
  const accessors = layout.fields.map((field, index) => {
    const key = JSON.stringify(field.name);
    const get = `get [${key}]() { return ${getSource(field, at, aligned)}; }`;
    return `${get} set [${key}](x) { ${setterSource(field, index, aligned, at)} }`;
  });
  return [
    ...layout.fields.flatMap((field, index) => helperSources(field, index, aligned)),
    `class ${name} { ${first} ${accessors.join(' ')} }`,
  ];
}

export function structSource(layout: StructLayout, aligned: boolean, put?: PutPlace): string {
  const record = recordSource(layout, aligned);
  const gets = layout.fields.map((field) => `${JSON.stringify(field.name)}: ${getSource(field, 'at', aligned)}`);
  return [
    '"use strict";',
    'const MASK8 = 255, MASK16 = 65535;',
    ...(aligned ? arraySources(layout) : []),
    ...accessorSources(layout, aligned, 'this._at', 'Fields', '_at = 0;'),
    'return {',
    '  write(record, at) {',
    '    if (record === null || typeof record !== "object") noRecord(record);',
    '    const next = lane.next;',
    ...record.takes.map((line) => `    ${line}`),
    `    if (${record.bad}) ${record.refuse}`,
    '    if (lane.next !== next && (at = again()) < 0) return -1;',
    ...record.puts.map((line) => `    ${line}`),
    `    return ${layout.size};`,
    '  },',
    `  read(at) { return { ${gets.join(', ')} }; },`,
    '  fields: new Fields(),',
    ...(put === undefined ? [] : putSource(layout, record, put)),
    '};',
  ].join('\n');
}

function generate(layout: StructLayout, memory: RecordMemory, scope: Scope, put?: PutPlace): Compiled {
  const names = Object.keys(scope);
  const make = new Function(...names, structSource(layout, memory.align === 8, put));
  return make(...Object.values(scope)) as Compiled;
}

// ---- closures -------------------------------------------------------------------------------------------------------

interface FieldClosure {
  readonly field: FieldLayout;
  put(value: unknown, at: number): void;
  get(at: number): unknown;
}

type Getter = (at: number, littleEndian: true) => unknown;
type Setter = (at: number, value: unknown, littleEndian: true) => void;

function numberClosure(field: FieldLayout, { view }: Scope): FieldClosure {
  const { method } = NUMBERS[field.kind] as NumberForm;
  const methods = view as unknown as Record<string, Getter & Setter>;
  const get = (methods[`get${method}`] as Getter).bind(view);
  const set = (methods[`set${method}`] as Setter).bind(view);
  return {
    field,
    put: (value, at) => set(at + field.offset, value, true),
    get: (at) => get(at + field.offset, true),
  };
}

function fieldClosure(field: FieldLayout, scope: Scope): FieldClosure {
  const { offset, size } = field;
  const { bytes, putText, getText, getBytes } = scope;
  if (field.kind === 'utf8')
    return {
      field,
      put: (x, at) => putText(x as string, at + offset, size),
      get: (at) => getText(at + offset, size),
    };
  if (field.kind === 'bytes')
    return {
      field,
      put: (x, at) => bytes.set(x as Uint8Array, at + offset),
      get: (at) => getBytes(at + offset, size),
    };
  if (field.kind === 'bool')
    return {
      field,
      put(x, at) {
        bytes[at + offset] = x === true ? 1 : 0;
      },
      get: (at) => bytes[at + offset] !== 0,
    };
  return numberClosure(field, scope);
}

export const closuresOf = (layout: StructLayout, scope: Scope): readonly FieldClosure[] =>
  layout.fields.map((field) => fieldClosure(field, scope));

function close(layout: StructLayout, memory: RecordMemory, scope: Scope): Compiled {
  const closures = closuresOf(layout, scope);
  const gaps = memory.align === 8 ? [] : gapsOf(layout);
  const fields: FieldAccess = { _at: 0 };
  const { lane, again, bytes, wrong, refuse, noRecord } = scope;
  for (const [index, { field, get, put }] of closures.entries())
    Object.defineProperty(fields, field.name, {
      enumerable: true,
      get: () => get(fields._at),
      set: (value: unknown) => {
        if (!isFit(field, value)) wrong(index, value);
        put(value, fields._at);
      },
    });
  return {
    write(record, wanted) {
      if (record === null || typeof record !== 'object') noRecord(record);
      const { next } = lane;
      const values = closures.map(({ field }) => record[field.name]);
      refuse(...values);
      const at = lane.next === next ? wanted : again();
      if (at < 0) return -1;
      for (const [index, closure] of closures.entries()) closure.put(values[index], at);
      for (const [start, length] of gaps) bytes.fill(0, at + start, at + start + length);
      return layout.size;
    },
    read: (at) => Object.fromEntries(closures.map(({ field, get }) => [field.name, get(at)])),
    fields,
  };
}

/** False under `--disallow-code-generation-from-strings` (and where a policy forbids it). */
export function mayGenerateCode(): boolean {
  try {
    return new Function('return true')() === true;
  } catch {
    return false;
  }
}

/** The codec of a layout. `generated` can be set to false to get the closures (tests). */
export function structCodec(layout: StructLayout, generated: boolean = mayGenerateCode()): RecordCodec<StructRecord> {
  return {
    kind: 'struct',
    fixedBytes: layout.size,
    bind(memory: RecordMemory, place: Place = KEPT): BoundCodec<StructRecord> {
      const scope = scopeOf(layout, memory, place);
      const compiled = generated ? generate(layout, memory, scope, place.put) : close(layout, memory, scope);
      return {
        bound: () => layout.size,
        exact: () => layout.size,
        write: compiled.write,
        read(at, length) {
          if (length !== layout.size)
            throw new RecordError(
              `a record of ${length} bytes came to a struct of ${layout.size} bytes; ` +
                'give this boundary the codec that its records really have',
            );
          return compiled.read(at);
        },
        fields: compiled.fields,
        ...(compiled.put === undefined ? {} : { put: compiled.put }),
      };
    },
    columns: (memory, slots) => columnsOver(layout, memory, slots),
  };
}
