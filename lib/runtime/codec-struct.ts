/**
 * The struct codec: one function that writes a record, one that reads it, and in-place accessors, resolved from the
 * layout once. Where the engine allows it they are generated as source (a walk over the fields costs seven times as
 * much); with `--disallow-code-generation-from-strings` closures do the same. A test holds the two against each other.
 *
 * Field names are identifiers (lib/plan/limits.ts) and stand in the source as JSON strings only.
 */

import type { FieldLayout, StructLayout } from '../plan/codec-layout.js';
import type { BoundCodec, FieldAccess, RecordCodec } from './codec.js';
import { describeValue } from './describe-value.js';
import { RecordError } from './errors.js';
import type { RecordMemory } from './shard-memory.js';

export type StructRecord = Readonly<Record<string, unknown>>;

/** What generated code may call and index; its names are the parameters of the generated function. */
interface Scope {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Throws the RecordError for field `index`. */
  readonly wrong: (index: number, value: unknown) => never;
  readonly noRecord: (value: unknown) => never;
  /** False when the text has more than `size` bytes. */
  readonly putText: (index: number, value: unknown, at: number, size: number) => boolean;
  readonly getText: (at: number, size: number) => string;
  readonly putBytes: (index: number, value: unknown, at: number, size: number) => void;
  readonly getBytes: (at: number, size: number) => Uint8Array;
}

interface Compiled {
  write(record: StructRecord, at: number): number;
  read(at: number): StructRecord;
  readonly fields: FieldAccess;
}

/** How a number is stored: the DataView method, the typed array that does the same when aligned, what is a bad value. */
interface NumberForm {
  readonly method: string;
  readonly array: string;
  readonly shift: number;
  /** Expression over `x`, true for a value that does not fit. */
  readonly bad: string;
  readonly expects: string;
}

const integer = (method: string, array: string, shift: number, bad: string, range: string): NumberForm => ({
  method,
  array,
  shift,
  bad,
  expects: `an integer from ${range}`,
});

const NUMBERS: Readonly<Record<string, NumberForm>> = {
  u8: integer('Uint8', 'Uint8Array', 0, '((x << 24) >>> 24) !== x', '0 to 255'),
  u16: integer('Uint16', 'Uint16Array', 1, '((x << 16) >>> 16) !== x', '0 to 65535'),
  u32: integer('Uint32', 'Uint32Array', 2, '(x >>> 0) !== x', '0 to 4294967295'),
  i8: integer('Int8', 'Int8Array', 0, '((x << 24) >> 24) !== x', '-128 to 127'),
  i16: integer('Int16', 'Int16Array', 1, '((x << 16) >> 16) !== x', '-32768 to 32767'),
  i32: integer('Int32', 'Int32Array', 2, '(x | 0) !== x', '-2147483648 to 2147483647'),
  f32: { method: 'Float32', array: 'Float32Array', shift: 2, bad: "typeof x !== 'number'", expects: 'a number' },
  f64: { method: 'Float64', array: 'Float64Array', shift: 3, bad: "typeof x !== 'number'", expects: 'a number' },
  u64: {
    method: 'BigUint64',
    array: 'BigUint64Array',
    shift: 3,
    bad: "typeof x !== 'bigint' || BigInt.asUintN(64, x) !== x",
    expects: 'a bigint from 0n to 2n ** 64n - 1n',
  },
  i64: {
    method: 'BigInt64',
    array: 'BigInt64Array',
    shift: 3,
    bad: "typeof x !== 'bigint' || BigInt.asIntN(64, x) !== x",
    expects: 'a bigint from -(2n ** 63n) to 2n ** 63n - 1n',
  },
};

function expected(field: FieldLayout): string {
  if (field.kind === 'bool') return 'true or false';
  if (field.kind === 'bytes') return `a Uint8Array of exactly ${field.size} bytes`;
  if (field.kind === 'utf8') return `a string of at most ${field.size} bytes of UTF-8`;
  return (NUMBERS[field.kind] as NumberForm).expects;
}

function scopeOf(layout: StructLayout, memory: RecordMemory): Scope {
  const { bytes, buffer, view } = memory;
  const wrong = (index: number, value: unknown): never => {
    const field = layout.fields[index] as FieldLayout;
    const received = value instanceof Uint8Array ? `a Uint8Array of ${value.length} bytes` : describeValue(value);
    throw new RecordError(`field "${field.name}" takes ${expected(field)}, received ${received}`);
  };
  return {
    bytes,
    view,
    wrong,
    noRecord: (value) => {
      const names = layout.fields.map((field) => field.name).join(', ');
      throw new RecordError(`a struct record is an object with the fields ${names}; received ${describeValue(value)}`);
    },
    putText(index, value, at, size) {
      if (typeof value !== 'string') return wrong(index, value);
      if (value.length * 3 > size && Buffer.byteLength(value, 'utf8') > size) return false;
      const written = buffer.write(value, at, size, 'utf8');
      if (written < size) bytes.fill(0, at + written, at + size);
      return true;
    },
    getText(at, size) {
      let end = at + size;
      while (end > at && bytes[end - 1] === 0) end--;
      return buffer.toString('utf8', at, end);
    },
    putBytes(index, value, at, size) {
      if (!(value instanceof Uint8Array) || value.length !== size) wrong(index, value);
      else bytes.set(value, at);
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

/** Statement that stores `x` (already checked) into a field at `at`. */
function putSource(field: FieldLayout, index: number, aligned: boolean): string {
  const place = `at + ${field.offset}`;
  if (field.kind === 'bool') return `if (typeof x !== 'boolean') wrong(${index}, x); bytes[${place}] = x ? 1 : 0;`;
  if (field.kind === 'utf8') return `if (!putText(${index}, x, ${place}, ${field.size})) return -1;`;
  if (field.kind === 'bytes') return `putBytes(${index}, x, ${place}, ${field.size});`;
  const form = NUMBERS[field.kind] as NumberForm;
  const store = aligned ? `${elementSource(field, form, 'at')} = x;` : `view.set${form.method}(${place}, x, true);`;
  return `if (${form.bad}) wrong(${index}, x); ${store}`;
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
function setterSource(field: FieldLayout, index: number, aligned: boolean): string {
  const place = `this._at + ${field.offset}`;
  if (field.kind === 'bool') return `bytes[${place}] = check${index}(x);`;
  // In-place texts that are too long cannot answer with a status, so the accessor throws.
  if (field.kind === 'utf8') return `if (!putText(${index}, x, ${place}, ${field.size})) wrong${index}(x);`;
  const form = NUMBERS[field.kind];
  if (form === undefined) return `putBytes(${index}, x, ${place}, ${field.size});`;
  return aligned
    ? `${elementSource(field, form, 'this._at')} = check${index}(x);`
    : `store${index}(${place}, check${index}(x));`;
}

/** Functions of one field that its setter calls. */
function helperSources(field: FieldLayout, index: number, aligned: boolean): string[] {
  const lines = [`function wrong${index}(x) { return wrong(${index}, x); }`];
  if (field.kind === 'bool')
    lines.push(`function check${index}(x) { return typeof x === 'boolean' ? (x ? 1 : 0) : wrong${index}(x); }`);
  const form = NUMBERS[field.kind];
  if (form === undefined) return lines;
  lines.push(`function check${index}(x) { if (${form.bad}) return wrong${index}(x); return x; }`);
  if (!aligned) lines.push(`function store${index}(at, x) { view.set${form.method}(at, x, true); }`);
  return lines;
}

export function structSource(layout: StructLayout, aligned: boolean): string {
  const arrays = aligned
    ? Object.entries(NUMBERS)
        .filter(([kind]) => layout.fields.some((field) => field.kind === kind))
        .map(([kind, form]) => {
          const count = `Math.floor(bytes.length / ${2 ** form.shift})`;
          return `var ${kind} = new ${form.array}(bytes.buffer, bytes.byteOffset, ${count});`;
        })
    : [];
  const puts = layout.fields.map(
    (field, index) => `{ const x = record[${JSON.stringify(field.name)}]; ${putSource(field, index, aligned)} }`,
  );
  // In slots the gaps stay zero for ever; in an arena another record may have stood there.
  const gaps = aligned ? [] : gapsOf(layout).map(([at, length]) => `bytes.fill(0, at + ${at}, at + ${at + length});`);
  const gets = layout.fields.map((field) => `${JSON.stringify(field.name)}: ${getSource(field, 'at', aligned)}`);
  const accessors = layout.fields.map((field, index) => {
    const name = JSON.stringify(field.name);
    const get = `get [${name}]() { return ${getSource(field, 'this._at', aligned)}; }`;
    return `${get} set [${name}](x) { ${setterSource(field, index, aligned)} }`;
  });
  return [
    '"use strict";',
    ...arrays,
    ...layout.fields.flatMap((field, index) => helperSources(field, index, aligned)),
    // Accessors of a class: those of an object literal make it a slow (dictionary) object.
    `class Fields { _at = 0; ${accessors.join(' ')} }`,
    'return {',
    '  write(record, at) {',
    '    if (record === null || typeof record !== "object") noRecord(record);',
    ...[...puts, ...gaps].map((line) => `    ${line}`),
    `    return ${layout.size};`,
    '  },',
    `  read(at) { return { ${gets.join(', ')} }; },`,
    '  fields: new Fields(),',
    '};',
  ].join('\n');
}

function generate(layout: StructLayout, memory: RecordMemory, scope: Scope): Compiled {
  const names = Object.keys(scope);
  const make = new Function(...names, structSource(layout, memory.align === 8));
  return make(...Object.values(scope)) as Compiled;
}

// ---- closures -------------------------------------------------------------------------------------------------------

interface FieldClosure {
  readonly name: string;
  /** False when a text is too long. */
  put(value: unknown, at: number): boolean;
  get(at: number): unknown;
}

/** The same checks as the `bad` expressions above. */
const FITS: Readonly<Record<string, (x: unknown) => boolean>> = {
  u8: (x) => ((x as number) & 255) === x,
  u16: (x) => ((x as number) & 65535) === x,
  u32: (x) => (x as number) >>> 0 === x,
  i8: (x) => ((x as number) << 24) >> 24 === x,
  i16: (x) => ((x as number) << 16) >> 16 === x,
  i32: (x) => ((x as number) | 0) === x,
  f32: (x) => typeof x === 'number',
  f64: (x) => typeof x === 'number',
  u64: (x) => typeof x === 'bigint' && BigInt.asUintN(64, x) === x,
  i64: (x) => typeof x === 'bigint' && BigInt.asIntN(64, x) === x,
};

type Getter = (at: number, littleEndian: true) => unknown;
type Setter = (at: number, value: unknown, littleEndian: true) => void;

function numberClosure(field: FieldLayout, index: number, { view, wrong }: Scope): FieldClosure {
  const { method } = NUMBERS[field.kind] as NumberForm;
  const fits = FITS[field.kind] as (x: unknown) => boolean;
  const methods = view as unknown as Record<string, Getter & Setter>;
  const get = (methods[`get${method}`] as Getter).bind(view);
  const set = (methods[`set${method}`] as Setter).bind(view);
  return {
    name: field.name,
    put(value, at) {
      if (!fits(value)) wrong(index, value);
      set(at + field.offset, value, true);
      return true;
    },
    get: (at) => get(at + field.offset, true),
  };
}

function fieldClosure(field: FieldLayout, index: number, scope: Scope): FieldClosure {
  const { name, offset, size } = field;
  const { bytes, wrong, putText, getText, putBytes, getBytes } = scope;
  if (field.kind === 'utf8')
    return { name, put: (x, at) => putText(index, x, at + offset, size), get: (at) => getText(at + offset, size) };
  if (field.kind === 'bytes')
    return {
      name,
      put(x, at) {
        putBytes(index, x, at + offset, size);
        return true;
      },
      get: (at) => getBytes(at + offset, size),
    };
  if (field.kind === 'bool')
    return {
      name,
      put(x, at) {
        if (typeof x !== 'boolean') wrong(index, x);
        bytes[at + offset] = x ? 1 : 0;
        return true;
      },
      get: (at) => bytes[at + offset] !== 0,
    };
  return numberClosure(field, index, scope);
}

function close(layout: StructLayout, memory: RecordMemory, scope: Scope): Compiled {
  const closures = layout.fields.map((field, index) => fieldClosure(field, index, scope));
  const gaps = memory.align === 8 ? [] : gapsOf(layout);
  const fields: FieldAccess = { _at: 0 };
  for (const [index, closure] of closures.entries())
    Object.defineProperty(fields, closure.name, {
      enumerable: true,
      get: () => closure.get(fields._at),
      set: (value: unknown) => {
        if (!closure.put(value, fields._at)) scope.wrong(index, value);
      },
    });
  return {
    write(record, at) {
      if (record === null || typeof record !== 'object') scope.noRecord(record);
      for (const closure of closures) if (!closure.put(record[closure.name], at)) return -1;
      for (const [start, length] of gaps) scope.bytes.fill(0, at + start, at + start + length);
      return layout.size;
    },
    read: (at) => Object.fromEntries(closures.map((closure) => [closure.name, closure.get(at)])),
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
    bind(memory: RecordMemory): BoundCodec<StructRecord> {
      const scope = scopeOf(layout, memory);
      const compiled = generated ? generate(layout, memory, scope) : close(layout, memory, scope);
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
      };
    },
  };
}
