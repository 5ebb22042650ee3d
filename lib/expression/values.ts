/**
 * Values of CEL as TypeScript has them: constants of a program, and what an evaluation gives. int is a bigint, double a number; what
 * JavaScript has no type of is a class here. Pure; any thread.
 */

/** An unsigned integer of 64 bits. */
export class CelUint {
  constructor(readonly value: bigint) {}
}

/** A point in time: seconds since 1970 and nanoseconds of 0 to 999,999,999. */
export class CelTimestamp {
  constructor(
    readonly seconds: bigint,
    readonly nanos: number,
  ) {}
}

/** A span of time: seconds, and nanoseconds of 0 to 999,999,999 that count forward, also of a negative one. */
export class CelDuration {
  constructor(
    readonly seconds: bigint,
    readonly nanos: number,
  ) {}
}

/** A type as a value: what `type(x)` gives. */
export class CelType {
  constructor(readonly name: string) {}
}

/** Pairs in the order in which they were written; keys are bool, int, uint or string. */
export class CelMap {
  constructor(readonly entries: readonly (readonly [CelValue, CelValue])[]) {}
}

/** A value that may be there. */
export class CelOptional {
  constructor(readonly value: CelValue | undefined) {}
}

export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | CelUint
  | CelTimestamp
  | CelDuration
  | CelType
  | CelMap
  | CelOptional
  | readonly CelValue[];

/** CEL's name of a value's type, as `type(x)` shows it. */
export function typeNameOf(value: CelValue): string {
  if (value === null) return 'null_type';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'string') return 'string';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof CelUint) return 'uint';
  if (value instanceof CelTimestamp) return 'google.protobuf.Timestamp';
  if (value instanceof CelDuration) return 'google.protobuf.Duration';
  if (value instanceof CelType) return 'type';
  if (value instanceof CelMap) return 'map';
  return value instanceof CelOptional ? 'optional_type' : 'list';
}

/**
 * A plain value (of YAML or JSON: `with`) as a value of CEL. Numbers that are whole become int, all others double; bigint becomes int
 * or, past int64, uint.
 */
export function fromPlain(value: unknown): CelValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  if (typeof value === 'bigint') return value > 0x7fff_ffff_ffff_ffffn ? new CelUint(value) : value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value === 'object') return new CelMap(Object.entries(value).map(([key, of]) => [key, fromPlain(of)]));
  throw new TypeError(`a constant of an expression is plain data; received a ${typeof value}`);
}
