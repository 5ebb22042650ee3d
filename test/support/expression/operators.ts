import type { exprFaults } from '../../../lib/abi/expression.js';
import {
  CelDuration,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelType,
  CelUint,
  type CelValue,
} from '../../../lib/expression/values.js';

/** Values and operators of CEL, of a second evaluator beside the one in C++. */

export class Fault {
  constructor(readonly code: keyof typeof exprFaults) {}
}
export const ABSENT = Symbol('absent');
export type Slotted = CelValue | Fault | typeof ABSENT;

const [INT_MIN, INT_MAX, UINT_MAX] = [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 64n - 1n];
const NANOS = 1_000_000_000n;
const TIME_MIN = -62_135_596_800n * NANOS;
const TIME_MAX = 253_402_300_800n * NANOS - 1n;

export const fail = (code: Fault['code']): never => {
  throw new Fault(code);
};
export const noOverload = (): never => fail('NoSuchOverload');

export const isList = (value: unknown): value is readonly CelValue[] => Array.isArray(value);
export const int = (value: bigint): bigint => (value < INT_MIN || value > INT_MAX ? fail('Overflow') : value);
export const uint = (value: bigint): CelUint =>
  value < 0n || value > UINT_MAX ? fail('Overflow') : new CelUint(value);

export const nanosOf = (value: CelTimestamp | CelDuration): bigint => value.seconds * NANOS + BigInt(value.nanos);
const split = (nanos: bigint): [bigint, number] => {
  const rest = ((nanos % NANOS) + NANOS) % NANOS;
  return [(nanos - rest) / NANOS, Number(rest)];
};
export const timestampOf = (nanos: bigint, code: Fault['code'] = 'Range'): CelTimestamp =>
  nanos < TIME_MIN || nanos > TIME_MAX ? fail(code) : new CelTimestamp(...split(nanos));
export const durationOf = (nanos: bigint, code: Fault['code'] = 'Range'): CelDuration =>
  nanos < INT_MIN || nanos > INT_MAX ? fail(code) : new CelDuration(...split(nanos));

const isNumber = (value: unknown): value is bigint | number | CelUint =>
  typeof value === 'bigint' || typeof value === 'number' || value instanceof CelUint;

/** Below 0, 0 or above; NaN where there is no order. */
function compareNumbers(left: bigint | number | CelUint, right: bigint | number | CelUint): number {
  const [a, b] = [left, right].map((side) => (side instanceof CelUint ? side.value : side)) as (bigint | number)[];
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : Number(a > b);
  const [x, y] = [Number(a), Number(b)];
  return x === y ? 0 : x < y ? -1 : x > y ? 1 : Number.NaN;
}

export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const by = (left[at] as number) - (right[at] as number);
    if (by !== 0) return by;
  }
  return left.length - right.length;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function lookUp(map: CelMap, key: CelValue): CelValue | undefined {
  return map.entries.find(([known]) => equal(known, key))?.[1];
}

export function equal(left: CelValue, right: CelValue): boolean {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right) === 0;
  if (left instanceof Uint8Array && right instanceof Uint8Array) return compareBytes(left, right) === 0;
  if (isList(left) && isList(right))
    return left.length === right.length && left.every((element, at) => equal(element, right[at] as CelValue));
  if (left instanceof CelMap && right instanceof CelMap)
    return (
      left.entries.length === right.entries.length &&
      left.entries.every(([key, value]) => {
        const other = lookUp(right, key);
        return other !== undefined && equal(value, other);
      })
    );
  if (left instanceof CelTimestamp && right instanceof CelTimestamp) return nanosOf(left) === nanosOf(right);
  if (left instanceof CelDuration && right instanceof CelDuration) return nanosOf(left) === nanosOf(right);
  if (left instanceof CelType && right instanceof CelType) return left.name === right.name;
  if (left instanceof CelOptional && right instanceof CelOptional) {
    if (left.value === undefined || right.value === undefined) return left.value === right.value;
    return equal(left.value, right.value);
  }
  return left === right;
}

/** Below 0, 0 or above. */
export function compare(left: CelValue, right: CelValue): number {
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  if (typeof left === 'string' && typeof right === 'string') return compareBytes(utf8(left), utf8(right));
  if (left instanceof Uint8Array && right instanceof Uint8Array) return compareBytes(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  const times =
    (left instanceof CelTimestamp && right instanceof CelTimestamp) ||
    (left instanceof CelDuration && right instanceof CelDuration);
  if (!times) return noOverload();
  const by = nanosOf(left as CelTimestamp) - nanosOf(right as CelTimestamp);
  return by < 0n ? -1 : Number(by > 0n);
}

function whole(op: string, left: bigint, right: bigint): bigint {
  if (op === 'Divide') return right === 0n ? fail('DivideByZero') : left / right;
  if (op === 'Modulo') return right === 0n ? fail('ModulusByZero') : left % right;
  return op === 'Add' ? left + right : op === 'Subtract' ? left - right : left * right;
}

function times(op: string, left: CelValue, right: CelValue): CelValue {
  const isTime = (value: unknown): value is CelTimestamp => value instanceof CelTimestamp;
  const isSpan = (value: unknown): value is CelDuration => value instanceof CelDuration;
  if (op === 'Add') {
    if (isTime(left) && isSpan(right)) return timestampOf(nanosOf(left) + nanosOf(right), 'Overflow');
    if (isSpan(left) && isTime(right)) return timestampOf(nanosOf(left) + nanosOf(right), 'Overflow');
    if (isSpan(left) && isSpan(right)) return durationOf(nanosOf(left) + nanosOf(right), 'Overflow');
  }
  if (op === 'Subtract') {
    if (isTime(left) && isTime(right)) return durationOf(nanosOf(left) - nanosOf(right), 'Overflow');
    if (isTime(left) && isSpan(right)) return timestampOf(nanosOf(left) - nanosOf(right), 'Overflow');
    if (isSpan(left) && isSpan(right)) return durationOf(nanosOf(left) - nanosOf(right), 'Overflow');
  }
  return noOverload();
}

export function arithmetic(op: string, left: CelValue, right: CelValue): CelValue {
  if (typeof left === 'bigint' && typeof right === 'bigint') return int(whole(op, left, right));
  if (left instanceof CelUint && right instanceof CelUint) return uint(whole(op, left.value, right.value));
  if (typeof left === 'number' && typeof right === 'number') {
    if (op === 'Modulo') return noOverload();
    return op === 'Add'
      ? left + right
      : op === 'Subtract'
        ? left - right
        : op === 'Divide'
          ? left / right
          : left * right;
  }
  if (op === 'Add') {
    if (typeof left === 'string' && typeof right === 'string') return left + right;
    if (left instanceof Uint8Array && right instanceof Uint8Array) return Uint8Array.from([...left, ...right]);
    if (isList(left) && isList(right)) return [...left, ...right];
  }
  return times(op, left, right);
}

export function negate(value: CelValue): CelValue {
  if (typeof value === 'bigint') return int(-value);
  return typeof value === 'number' ? -value : noOverload();
}

export function isIn(value: CelValue, where: CelValue): boolean {
  if (isList(where)) return where.some((element) => equal(element, value));
  return where instanceof CelMap ? lookUp(where, value) !== undefined : noOverload();
}

export function index(of: CelValue, key: CelValue): CelValue {
  if (of instanceof CelOptional) return optionalIndex(of, key);
  if (of instanceof CelMap) {
    const value = lookUp(of, key);
    return value === undefined ? fail('NoSuchKey') : value;
  }
  if (!isList(of)) return noOverload();
  const at = key instanceof CelUint ? key.value : key;
  if (typeof at !== 'bigint' && !(typeof at === 'number' && Number.isInteger(at))) return noOverload();
  const element = of[Number(at)];
  return element === undefined ? fail('BadIndex') : element;
}

export function optionalIndex(of: CelValue, key: CelValue): CelOptional {
  if (of instanceof CelOptional) return of.value === undefined ? of : optionalIndex(of.value, key);
  try {
    return new CelOptional(index(of, key));
  } catch (error) {
    if (error instanceof Fault && (error.code === 'NoSuchKey' || error.code === 'BadIndex'))
      return new CelOptional(undefined);
    throw error;
  }
}

export function mapOf(pairs: readonly (readonly [CelValue, CelValue])[]): CelMap {
  const entries: (readonly [CelValue, CelValue])[] = [];
  for (const [key, value] of pairs) {
    const isKey =
      typeof key === 'boolean' || typeof key === 'string' || typeof key === 'bigint' || key instanceof CelUint;
    if (!isKey) return noOverload();
    if (entries.some(([known]) => equal(known, key))) return fail('DuplicateKey');
    entries.push([key, value]);
  }
  return new CelMap(entries);
}
