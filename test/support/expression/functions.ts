import {
  CelDuration,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
  typeNameOf,
} from '../../../lib/expression/values.js';
import { format } from './format.js';
import { compare, fail, int, isList, noOverload, timestampOf, uint, utf8 } from './operators.js';
import { durationText, parseDuration, parseTimestamp, timePart, timestampText } from './time.js';

/** The functions of exprFunctions by name. */

const str = (value: CelValue | undefined): string => (typeof value === 'string' ? value : noOverload());
const num = (value: CelValue | undefined): number => (typeof value === 'bigint' ? Number(value) : noOverload());
const dbl = (value: CelValue | undefined): number => (typeof value === 'number' ? value : noOverload());

export function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return String(value);
}

function toText(value: CelValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof CelUint) return String(value.value);
  if (typeof value === 'number') return doubleText(value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (!(value instanceof Uint8Array)) return noOverload();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return fail('BadUtf8');
  }
}

function toWhole(value: CelValue, range: (whole: bigint) => CelValue): CelValue {
  const ranged = (whole: bigint): CelValue => {
    try {
      return range(whole);
    } catch {
      return fail('Range');
    }
  };
  if (typeof value === 'bigint') return ranged(value);
  if (value instanceof CelUint) return ranged(value.value);
  if (typeof value === 'string')
    return /^[+-]?\d+$/.test(value) ? ranged(BigInt(value.replace('+', ''))) : fail('BadText');
  if (typeof value !== 'number') return noOverload();
  return Number.isFinite(value) ? ranged(BigInt(Math.trunc(value))) : fail('Range');
}

function toInt(value: CelValue): CelValue {
  if (value instanceof CelTimestamp) return value.seconds;
  // The largest double below 2^63 is the last that fits, and -2^63 itself counts as out of range for CEL.
  if (typeof value === 'number' && (value >= 2 ** 63 || value <= -(2 ** 63))) return fail('Range');
  return toWhole(value, int);
}

function toDouble(value: CelValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof CelUint) return Number(value.value);
  const text = str(value);
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    if (/nan/i.test(special[2] as string)) return Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : fail('BadText');
}

function toBool(value: CelValue): boolean {
  if (typeof value === 'boolean') return value;
  const text = str(value);
  if (['true', 'TRUE', 'True', 't', '1'].includes(text)) return true;
  return ['false', 'FALSE', 'False', 'f', '0'].includes(text) ? false : fail('BadText');
}

function size(value: CelValue): bigint {
  if (typeof value === 'string') return BigInt([...value].length);
  if (value instanceof Uint8Array || isList(value)) return BigInt(value.length);
  return value instanceof CelMap ? BigInt(value.entries.length) : noOverload();
}

function indexOf(text: string, search: string, from: number): bigint {
  const [points, wanted] = [[...text], [...search]];
  if (from < 0 || from > points.length) return fail('BadIndex');
  for (let at = from; at + wanted.length <= points.length; at += 1)
    if (wanted.every((char, offset) => points[at + offset] === char)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, search: string, to: number | undefined): bigint {
  const [points, wanted] = [[...text], [...search]];
  if (to !== undefined && (to < 0 || to > points.length)) return fail('BadIndex');
  for (let at = Math.min(to ?? points.length, points.length - wanted.length); at >= 0; at -= 1)
    if (wanted.every((char, offset) => points[at + offset] === char)) return BigInt(at);
  return -1n;
}

function replace(text: string, from: string, to: string, count: number): string {
  if (count < 0) return text.replaceAll(from, () => to);
  const parts = text.split(from);
  const done = Math.min(count, parts.length - 1);
  if (from === '') {
    let left = count;
    const points = [...text];
    const out = points.map((char) => (left-- > 0 ? to : '') + char);
    return out.join('') + (left > 0 ? to : '');
  }
  return [parts.slice(0, done + 1).join(to), ...parts.slice(done + 1)].join(from);
}

function splitText(text: string, by: string, count: number): string[] {
  if (count === 0) return [];
  if (count === 1) return [text];
  const parts = by === '' ? [...text] : text.split(by);
  if (count < 0 || parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(by)];
}

function substring(text: string, from: number, to: number | undefined): string {
  const points = [...text];
  const end = to ?? points.length;
  if (from < 0 || from > points.length || end > points.length || end < from) return fail('BadIndex');
  return points.slice(from, end).join('');
}

const BLANKS = /^[\p{White_Space}]+|[\p{White_Space}]+$/gu;

function quote(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
    '\\': '\\\\',
    '"': '\\"',
  };
  return `"${[...text].map((char) => escapes[char] ?? char).join('')}"`;
}

function extreme(value: CelValue, wanted: number): CelValue {
  const isNumeric = (of: CelValue): boolean =>
    typeof of === 'bigint' || typeof of === 'number' || of instanceof CelUint;
  const values = isList(value) ? value : [value];
  if (!values.every(isNumeric)) return noOverload();
  if (values.length === 0) return fail('BadArgument');
  return values.reduce((best, next) => (compare(next, best) * wanted > 0 ? next : best));
}

function signed(value: CelValue, onInt: (of: bigint) => bigint, onDouble: (of: number) => number): CelValue {
  if (typeof value === 'bigint') return int(onInt(value));
  if (value instanceof CelUint) return new CelUint(onInt(value.value));
  return onDouble(dbl(value));
}

const roundAway = (value: number): number =>
  Number.isFinite(value)
    ? Math.sign(value) * Math.floor(Math.abs(value) + (Math.abs(value) % 1 === 0.5 ? 0.5 : 0.5))
    : value;

function bits(left: CelValue, right: CelValue, join: (a: bigint, b: bigint) => bigint): CelValue {
  if (typeof left === 'bigint' && typeof right === 'bigint') return BigInt.asIntN(64, join(left, right));
  if (left instanceof CelUint && right instanceof CelUint)
    return new CelUint(BigInt.asUintN(64, join(left.value, right.value)));
  return noOverload();
}

function shift(value: CelValue, by: CelValue, isLeft: boolean): CelValue {
  const count = typeof by === 'bigint' ? by : noOverload();
  if (count < 0n) return fail('BadArgument');
  const far = count > 63n;
  const moved = (word: bigint): bigint => (far ? 0n : isLeft ? word << count : word >> count);
  if (typeof value === 'bigint') return BigInt.asIntN(64, moved(BigInt.asUintN(64, value)));
  return value instanceof CelUint ? new CelUint(BigInt.asUintN(64, moved(value.value))) : noOverload();
}

function isZero(value: CelValue): boolean {
  if (value instanceof CelOptional) return value.value === undefined;
  if (value instanceof CelTimestamp || value instanceof CelDuration) return value.seconds === 0n && value.nanos === 0;
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelMap) return value.entries.length === 0;
  return (value instanceof Uint8Array || isList(value)) && value.length === 0;
}

function decodeBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return fail('BadText');
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function strings(values: CelValue): string[] {
  if (!isList(values)) return noOverload();
  return values.map(str);
}

const math = (run: (value: number) => number) => (value: CelValue) => run(dbl(value));

const FUNCTIONS: Readonly<Record<string, (...args: never[]) => CelValue>> = {
  Size: (value: CelValue) => size(value),
  Contains: (text: CelValue, part: CelValue) => str(text).includes(str(part)),
  StartsWith: (text: CelValue, part: CelValue) => str(text).startsWith(str(part)),
  EndsWith: (text: CelValue, part: CelValue) => str(text).endsWith(str(part)),
  ToInt: (value: CelValue) => toInt(value),
  ToUint: (value: CelValue) => (value instanceof CelTimestamp ? noOverload() : toWhole(value, uint)),
  ToDouble: (value: CelValue) => toDouble(value),
  ToString: (value: CelValue) => toText(value),
  ToBytes: (value: CelValue) => (value instanceof Uint8Array ? value : utf8(str(value))),
  ToBool: (value: CelValue) => toBool(value),
  ToTimestamp: (value: CelValue) => {
    if (value instanceof CelTimestamp) return value;
    return typeof value === 'bigint' ? timestampOf(value * 1_000_000_000n) : parseTimestamp(str(value));
  },
  ToDuration: (value: CelValue) => (value instanceof CelDuration ? value : parseDuration(str(value))),
  TypeOf: (value: CelValue) => new CelType(typeNameOf(value)),
  TimestampMs: (value: CelValue) => (typeof value === 'bigint' ? timestampOf(value * 1_000_000n) : noOverload()),
  CharAt: (text: CelValue, at: CelValue) => {
    const points = [...str(text)];
    const index = num(at);
    return index < 0 || index > points.length ? fail('BadIndex') : (points[index] ?? '');
  },
  IndexOf: (text: CelValue, part: CelValue) => indexOf(str(text), str(part), 0),
  IndexOfFrom: (text: CelValue, part: CelValue, from: CelValue) => indexOf(str(text), str(part), num(from)),
  LastIndexOf: (text: CelValue, part: CelValue) => lastIndexOf(str(text), str(part), undefined),
  LastIndexOfTo: (text: CelValue, part: CelValue, to: CelValue) => lastIndexOf(str(text), str(part), num(to)),
  LowerAscii: (text: CelValue) => str(text).replace(/[A-Z]/g, (char) => char.toLowerCase()),
  UpperAscii: (text: CelValue) => str(text).replace(/[a-z]/g, (char) => char.toUpperCase()),
  Replace: (text: CelValue, from: CelValue, to: CelValue) => replace(str(text), str(from), str(to), -1),
  ReplaceCount: (text: CelValue, from: CelValue, to: CelValue, count: CelValue) =>
    replace(str(text), str(from), str(to), num(count)),
  Split: (text: CelValue, by: CelValue) => splitText(str(text), str(by), -1),
  SplitCount: (text: CelValue, by: CelValue, count: CelValue) => splitText(str(text), str(by), num(count)),
  Substring: (text: CelValue, from: CelValue) => substring(str(text), num(from), undefined),
  SubstringTo: (text: CelValue, from: CelValue, to: CelValue) => substring(str(text), num(from), num(to)),
  Trim: (text: CelValue) => str(text).replace(BLANKS, ''),
  Join: (list: CelValue) => strings(list).join(''),
  JoinWith: (list: CelValue, by: CelValue) => strings(list).join(str(by)),
  Quote: (text: CelValue) => quote(str(text)),
  Reverse: (text: CelValue) => [...str(text)].reverse().join(''),
  Format: (text: CelValue, args: CelValue) => (isList(args) ? format(str(text), args) : noOverload()),
  Greatest: (value: CelValue) => extreme(value, 1),
  Least: (value: CelValue) => extreme(value, -1),
  Ceil: math(Math.ceil),
  Floor: math(Math.floor),
  Round: math(roundAway),
  Trunc: math(Math.trunc),
  Abs: (value: CelValue) => signed(value, (of) => (of < 0n ? -of : of), Math.abs),
  Sign: (value: CelValue) => signed(value, (of) => (of < 0n ? -1n : of > 0n ? 1n : 0n), Math.sign),
  IsNaN: (value: CelValue) => Number.isNaN(dbl(value)),
  IsInf: (value: CelValue) => Math.abs(dbl(value)) === Number.POSITIVE_INFINITY,
  IsFinite: (value: CelValue) => Number.isFinite(dbl(value)),
  BitOr: (left: CelValue, right: CelValue) => bits(left, right, (a, b) => a | b),
  BitAnd: (left: CelValue, right: CelValue) => bits(left, right, (a, b) => a & b),
  BitXor: (left: CelValue, right: CelValue) => bits(left, right, (a, b) => a ^ b),
  BitNot: (value: CelValue) => bits(value, value, (a) => ~a),
  BitShiftLeft: (value: CelValue, by: CelValue) => shift(value, by, true),
  BitShiftRight: (value: CelValue, by: CelValue) => shift(value, by, false),
  Sqrt: (value: CelValue) => (typeof value === 'string' ? noOverload() : Math.sqrt(toDouble(value))),
  OptionalOf: (value: CelValue) => new CelOptional(value),
  OptionalOfNonZero: (value: CelValue) => new CelOptional(isZero(value) ? undefined : value),
  OptionalNone: () => new CelOptional(undefined),
  HasValue: (value: CelValue) => (value instanceof CelOptional ? value.value !== undefined : noOverload()),
  Value: (value: CelValue) =>
    value instanceof CelOptional
      ? (value.value ?? (value.value === null ? null : fail('NoOptionalValue')))
      : noOverload(),
  Base64Encode: (value: CelValue) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : noOverload(),
  Base64Decode: (value: CelValue) => decodeBase64(str(value)),
};

const TIME_PARTS = /^(FullYear|Month|DayOfYear|DayOfMonth|Date|DayOfWeek|Hours|Minutes|Seconds|Milliseconds)(In)?$/;

export function callFunction(name: string, args: readonly CelValue[]): CelValue {
  const part = TIME_PARTS.exec(name);
  if (part !== null) {
    if (part[2] !== undefined && args[0] instanceof CelDuration) return noOverload();
    return timePart(part[1] as string, args[0] as CelValue, part[2] === undefined ? 'UTC' : (args[1] as CelValue));
  }
  const run = FUNCTIONS[name] as ((...args: readonly CelValue[]) => CelValue) | undefined;
  if (run === undefined) throw new Error(`no function ${name}`);
  return run(...args);
}
