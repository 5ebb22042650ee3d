/**
 * Which function of the machine a call is, and the signatures that the library's checker does not have yet. Pure; any thread.
 */
import type { ExprFunction } from './tree.js';

const byArity = (...names: (ExprFunction | undefined)[]): readonly (ExprFunction | undefined)[] => names;

/** Functions without a receiver: by the number of arguments. */
export const GLOBAL_FUNCTIONS: Readonly<Record<string, readonly (ExprFunction | undefined)[]>> = {
  size: byArity(undefined, 'Size'),
  int: byArity(undefined, 'ToInt'),
  uint: byArity(undefined, 'ToUint'),
  double: byArity(undefined, 'ToDouble'),
  string: byArity(undefined, 'ToString'),
  bytes: byArity(undefined, 'ToBytes'),
  bool: byArity(undefined, 'ToBool'),
  timestamp: byArity(undefined, 'ToTimestamp'),
  duration: byArity(undefined, 'ToDuration'),
  type: byArity(undefined, 'TypeOf'),
  timestamp_ms: byArity(undefined, 'TimestampMs'),
};

/** Functions of a receiver: by the number of arguments besides it. */
export const MEMBER_FUNCTIONS: Readonly<Record<string, readonly (ExprFunction | undefined)[]>> = {
  size: byArity('Size'),
  contains: byArity(undefined, 'Contains'),
  startsWith: byArity(undefined, 'StartsWith'),
  endsWith: byArity(undefined, 'EndsWith'),
  getFullYear: byArity('FullYear', 'FullYearIn'),
  getMonth: byArity('Month', 'MonthIn'),
  getDayOfYear: byArity('DayOfYear', 'DayOfYearIn'),
  getDayOfMonth: byArity('DayOfMonth', 'DayOfMonthIn'),
  getDate: byArity('Date', 'DateIn'),
  getDayOfWeek: byArity('DayOfWeek', 'DayOfWeekIn'),
  getHours: byArity('Hours', 'HoursIn'),
  getMinutes: byArity('Minutes', 'MinutesIn'),
  getSeconds: byArity('Seconds', 'SecondsIn'),
  getMilliseconds: byArity('Milliseconds', 'MillisecondsIn'),
  charAt: byArity(undefined, 'CharAt'),
  indexOf: byArity(undefined, 'IndexOf', 'IndexOfFrom'),
  lastIndexOf: byArity(undefined, 'LastIndexOf', 'LastIndexOfTo'),
  lowerAscii: byArity('LowerAscii'),
  upperAscii: byArity('UpperAscii'),
  replace: byArity(undefined, undefined, 'Replace', 'ReplaceCount'),
  split: byArity(undefined, 'Split', 'SplitCount'),
  substring: byArity(undefined, 'Substring', 'SubstringTo'),
  trim: byArity('Trim'),
  join: byArity('Join', 'JoinWith'),
  reverse: byArity('Reverse'),
  format: byArity(undefined, 'Format'),
  hasValue: byArity('HasValue'),
  value: byArity('Value'),
};

/** Functions behind a name that is no value: `math.ceil(x)`. */
export const NAMESPACE_FUNCTIONS: Readonly<Record<string, Readonly<Record<string, ExprFunction>>>> = {
  optional: { of: 'OptionalOf', ofNonZeroValue: 'OptionalOfNonZero', none: 'OptionalNone' },
  strings: { quote: 'Quote' },
  base64: { encode: 'Base64Encode', decode: 'Base64Decode' },
  math: {
    greatest: 'Greatest',
    least: 'Least',
    ceil: 'Ceil',
    floor: 'Floor',
    round: 'Round',
    trunc: 'Trunc',
    abs: 'Abs',
    sign: 'Sign',
    isNaN: 'IsNaN',
    isInf: 'IsInf',
    isFinite: 'IsFinite',
    bitOr: 'BitOr',
    bitAnd: 'BitAnd',
    bitXor: 'BitXor',
    bitNot: 'BitNot',
    bitShiftLeft: 'BitShiftLeft',
    bitShiftRight: 'BitShiftRight',
    sqrt: 'Sqrt',
  },
};

/** Names that are types: what `type(x)` is compared with. */
export const TYPE_NAMES: ReadonlySet<string> = new Set([
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'list',
  'map',
  'null_type',
  'type',
  'optional_type',
]);

const TIME = 'google.protobuf.Timestamp';
const SPAN = 'google.protobuf.Duration';

const numeric = (name: string): string[] =>
  ['int', 'uint', 'double'].map((type) => `MathNamespace.${name}(${type}): ${type}`);

/** What the library lacks, as its signatures. */
export const SIGNATURES: readonly string[] = [
  'int(uint): int',
  `int(${TIME}): int`,
  `string(${TIME}): string`,
  `string(${SPAN}): string`,
  `timestamp(${TIME}): ${TIME}`,
  `timestamp_ms(int): ${TIME}`,
  `duration(${SPAN}): ${SPAN}`,
  'type(optional<A>): type',
  'string.charAt(int): string',
  'string.replace(string, string): string',
  'string.replace(string, string, int): string',
  'string.reverse(): string',
  'string.format(list): string',
  'StringsNamespace.quote(string): string',
  'Base64Namespace.encode(bytes): string',
  'Base64Namespace.decode(string): bytes',
  'OptionalNamespace.ofNonZeroValue(A): optional<A>',
  ...['ceil', 'floor', 'round', 'trunc'].map((name) => `MathNamespace.${name}(double): double`),
  ...['isNaN', 'isInf', 'isFinite'].map((name) => `MathNamespace.${name}(double): bool`),
  ...['abs', 'sign'].flatMap(numeric),
  ...['int', 'uint', 'double'].map((type) => `MathNamespace.sqrt(${type}): double`),
  ...['int', 'uint'].flatMap((type) => [
    ...['bitOr', 'bitAnd', 'bitXor'].map((name) => `MathNamespace.${name}(${type}, ${type}): ${type}`),
    ...['bitShiftLeft', 'bitShiftRight'].map((name) => `MathNamespace.${name}(${type}, int): ${type}`),
    `MathNamespace.bitNot(${type}): ${type}`,
  ]),
];

/** Operators that the library lacks: order of bytes, equality of numbers of two types. */
export const OPERATORS: readonly string[] = [
  ...['<', '<=', '>', '>='].map((op) => `bytes ${op} bytes: bool`),
  'optional<A> == optional<A>: bool',
  'int == double: bool',
  'int == uint: bool',
  'uint == double: bool',
];
