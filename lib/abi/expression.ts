/**
 * The form of a compiled expression: what lib/expression makes of CEL text and native/expression runs over a record in place. It is
 * the ONE definition of both sides; generate.ts writes native/expression/program_generated.hpp from it. Pure; any thread.
 *
 *   ExprHeader | ExprEntry… | ExprInstruction… | ExprConstant… | ExprNode… | ExprEdge… | ExprSlot… | ExprPlace… | ExprDfa… | bytes
 *   (tables in this order, each 8-aligned; offsets of texts and of DFA tables are from the start of the program)
 *
 * A program has entries that share registers, slots and one trie: the condition of a stage is one; the conditions of an outlet, or
 * the values that `map` sets, are several. An entry runs from its first instruction until Return.
 *
 * Machine: registers hold values of 16 bytes (payload, length, tag, flags). An error is a value: every instruction that reads one
 * gives it on as its own result (of two the first), but for And, Or, JumpIf…, IsError. An absent member becomes the error NoSuchKey in
 * every instruction but Has, the Opt… ones and IsAbsent. Jumps go forward; the one that goes backward is Jump to a Next.
 */
import { struct } from './struct.js';

/** What a value is. Absent and Error are no values of CEL: they say why there is none. */
export const exprTags = {
  Absent: 0,
  Error: 1,
  Null: 2,
  Bool: 3,
  Int: 4,
  Uint: 5,
  Double: 6,
  String: 7,
  Bytes: 8,
  Timestamp: 9,
  Duration: 10,
  List: 11,
  Map: 12,
  Type: 13,
  Optional: 14,
} as const;

/** What the records are that a program reads. */
export const exprRecords = { Json: 1, Struct: 2, Utf8: 3, Bytes: 4 } as const;

/** Why there is no value: the payload of an Error. */
export const exprFaults = {
  NoSuchKey: 1,
  NoSuchOverload: 2,
  DivideByZero: 3,
  ModulusByZero: 4,
  Overflow: 5,
  Range: 6,
  BadIndex: 7,
  BadText: 8,
  BadUtf8: 9,
  BadJson: 10,
  NoOptionalValue: 11,
  DuplicateKey: 12,
  BadArgument: 13,
  TooManySteps: 14,
  TooMuchMemory: 15,
  NoSuchAttribute: 16,
} as const;

/**
 * Instructions: `[code, what it does]`, with r[x] for a register, k[x] for a constant. dst, a, b are 16 bits each. Of instructions
 * that take more, the operands stand in registers one behind the other.
 */
export const exprOps = {
  Return: [0, 'the result of the entry is r[a]'],
  Constant: [1, 'r[dst] = k[a]'],
  Move: [2, 'r[dst] = r[a], errors and Absent as they are'],
  Record: [3, 'r[dst] = the whole record: of Json its root, of Utf8 and Bytes the text'],
  Slot: [4, 'r[dst] = the member of slot a; Absent where there is none; an error where the path meets no object'],
  HasSlot: [5, 'r[dst] = whether the member of slot a is there; an error as of Slot'],
  Select: [6, 'r[dst] = member k[b] (a string) of the map r[a]; Absent where there is none'],
  Has: [7, 'r[dst] = whether the map r[a] has the member k[b]'],
  OptSelect: [8, 'r[dst] = optional of member k[b] of r[a], which may be an optional itself'],
  Index: [9, 'r[dst] = r[a][r[b]], of a list or a map; error BadIndex, NoSuchKey'],
  OptIndex: [10, 'r[dst] = optional of r[a][r[b]]; r[a] may be an optional itself'],
  OptOf: [11, 'r[dst] = optional of r[a]; Absent and an error NoSuchKey of Slot give none'],
  Jump: [12, 'to instruction b'],
  JumpIfFalse: [13, 'to instruction b where r[a] is false'],
  JumpIfTrue: [14, 'to instruction b where r[a] is true'],
  JumpIfNone: [
    15,
    'to instruction b where the optional r[a] is none; r[dst] = its value otherwise; no optional: error, jump',
  ],
  JumpUnlessBool: [
    16,
    'to instruction b where r[a] is no bool; r[dst] is then the error NoSuchOverload, or that of r[a]',
  ],
  And: [
    17,
    'r[dst] = r[a] && r[b]: false where one is false, else the error of one, else true; no bool: NoSuchOverload',
  ],
  Or: [18, 'r[dst] = r[a] || r[b]: true where one is true, else the error of one, else false'],
  Not: [19, 'r[dst] = !r[a]'],
  NotStrictlyFalse: [20, 'r[dst] = r[a] is not false; an error counts as true'],
  Equal: [21, 'r[dst] = r[a] == r[b]; numbers across types, values of other types are unequal'],
  NotEqual: [22, 'r[dst] = r[a] != r[b]'],
  Less: [23, 'r[dst] = r[a] < r[b]; numbers across types; NoSuchOverload for what has no order'],
  LessEqual: [24, 'r[dst] = r[a] <= r[b]'],
  Greater: [25, 'r[dst] = r[a] > r[b]'],
  GreaterEqual: [26, 'r[dst] = r[a] >= r[b]'],
  EqualConstant: [27, 'r[dst] = r[a] == k[b]'],
  NotEqualConstant: [28, 'r[dst] = r[a] != k[b]'],
  LessConstant: [29, 'r[dst] = r[a] < k[b]'],
  LessEqualConstant: [30, 'r[dst] = r[a] <= k[b]'],
  GreaterConstant: [31, 'r[dst] = r[a] > k[b]'],
  GreaterEqualConstant: [32, 'r[dst] = r[a] >= k[b]'],
  Add: [33, 'r[dst] = r[a] + r[b]: numbers of one type, strings, bytes, lists, times and durations'],
  Subtract: [34, 'r[dst] = r[a] - r[b]'],
  Multiply: [35, 'r[dst] = r[a] * r[b]'],
  Divide: [36, 'r[dst] = r[a] / r[b]'],
  Modulo: [37, 'r[dst] = r[a] % r[b]'],
  Negate: [38, 'r[dst] = -r[a]'],
  In: [39, 'r[dst] = r[a] in r[b], an element of a list or a key of a map'],
  List: [40, 'r[dst] = the list of the b values from r[a] on'],
  Map: [41, 'r[dst] = the map of b pairs of key and value from r[a] on; DuplicateKey'],
  Call: [42, 'r[dst] = function b (exprFunctions) of the values from r[a] on, as many as it takes'],
  Matches: [43, 'r[dst] = DFA b finds a match in the string r[a]'],
  Iterate: [44, 'r[dst], r[dst + 1] = an iterator over the list or the keys of the map r[a]'],
  Next: [45, 'r[dst] = the next element (or key) of the iterator r[a]; at its end to instruction b. Costs a step'],
  NextPair: [46, 'as Next, with r[dst] = index or key, r[dst + 1] = element or value'],
  Collect: [47, 'r[dst], r[dst + 1] = an empty list under construction'],
  Append: [48, 'appends r[a] to the list under construction r[dst]; Absent and errors make r[dst] that error'],
  Collected: [49, 'r[dst] = the list that r[a] has become'],
  AppendOptional: [50, 'as Append, of the value of an optional; none: nothing'],
  AppendPair: [51, 'appends key r[a] and value r[b] to the map under construction r[dst]; DuplicateKey'],
  CollectedMap: [52, 'r[dst] = the map that r[a] has become'],
  IsError: [53, 'r[dst] = whether r[a] is an error or Absent'],
} as const;

/**
 * Functions of Call: `[code, operands]`; a receiver is the first operand. Where CEL has overloads with other numbers of operands,
 * each is a row. What operand types each takes, CEL says (langdef, and the extensions strings, math, optionals, encoders).
 */
export const exprFunctions = {
  Size: [1, 1],
  Contains: [2, 2],
  StartsWith: [3, 2],
  EndsWith: [4, 2],
  ToInt: [5, 1],
  ToUint: [6, 1],
  ToDouble: [7, 1],
  ToString: [8, 1],
  ToBytes: [9, 1],
  ToBool: [10, 1],
  ToTimestamp: [11, 1],
  ToDuration: [12, 1],
  TypeOf: [13, 1],
  TimestampMs: [14, 1],
  FullYear: [20, 1],
  Month: [21, 1],
  DayOfYear: [22, 1],
  DayOfMonth: [23, 1],
  Date: [24, 1],
  DayOfWeek: [25, 1],
  Hours: [26, 1],
  Minutes: [27, 1],
  Seconds: [28, 1],
  Milliseconds: [29, 1],
  FullYearIn: [30, 2],
  MonthIn: [31, 2],
  DayOfYearIn: [32, 2],
  DayOfMonthIn: [33, 2],
  DateIn: [34, 2],
  DayOfWeekIn: [35, 2],
  HoursIn: [36, 2],
  MinutesIn: [37, 2],
  SecondsIn: [38, 2],
  MillisecondsIn: [39, 2],
  CharAt: [50, 2],
  IndexOf: [51, 2],
  IndexOfFrom: [52, 3],
  LastIndexOf: [53, 2],
  LastIndexOfTo: [54, 3],
  LowerAscii: [55, 1],
  UpperAscii: [56, 1],
  Replace: [57, 3],
  ReplaceCount: [58, 4],
  Split: [59, 2],
  SplitCount: [60, 3],
  Substring: [61, 2],
  SubstringTo: [62, 3],
  Trim: [63, 1],
  Join: [64, 1],
  JoinWith: [65, 2],
  Quote: [66, 1],
  Reverse: [67, 1],
  Format: [68, 2],
  Greatest: [80, 1],
  Least: [81, 1],
  Ceil: [82, 1],
  Floor: [83, 1],
  Round: [84, 1],
  Trunc: [85, 1],
  Abs: [86, 1],
  Sign: [87, 1],
  IsNaN: [88, 1],
  IsInf: [89, 1],
  IsFinite: [90, 1],
  BitOr: [91, 2],
  BitAnd: [92, 2],
  BitXor: [93, 2],
  BitNot: [94, 1],
  BitShiftLeft: [95, 2],
  BitShiftRight: [96, 2],
  Sqrt: [97, 1],
  OptionalOf: [110, 1],
  OptionalOfNonZero: [111, 1],
  OptionalNone: [112, 0],
  HasValue: [113, 1],
  Value: [114, 1],
  Base64Encode: [120, 1],
  Base64Decode: [121, 1],
} as const;

/** Bounds of a program, checked on both sides. */
export const EXPR_MAGIC = 0x45_52_54_42; // "BTRE" in memory order
export const EXPR_LAYOUT_VERSION = 1;
export const EXPR_INSTRUCTIONS_MAX = 16_384;
export const EXPR_REGISTERS_MAX = 1024;
export const EXPR_CONSTANTS_MAX = 16_384;
export const EXPR_DFA_BYTES_MAX = 65_536;
/** What lists, maps and optionals, and texts, that an evaluation makes may take: 16 MiB each. */
export const EXPR_SCRATCH_VALUES_MAX = 1_048_576;
export const EXPR_SCRATCH_BYTES_MAX = 16_777_216;
/** Lists and maps within each other, of constants and of values that are compared or shown. */
export const EXPR_DEPTH_MAX = 64;
/** Steps of an evaluation: an instruction is one, and so is an element that Next or a comparison of lists looks at. */
export const EXPR_STEPS_MAX = 1_000_000;

export const ExprHeader = struct('ExprHeader', 'At the start of a program.', [
  ['magic', 'u32', 'EXPR_MAGIC'],
  ['layout_version', 'u32', ''],
  ['bytes', 'u32', 'of the program'],
  ['record', 'u32', 'ExprRecord'],
  ['entry_count', 'u32', ''],
  ['instruction_count', 'u32', ''],
  ['constant_count', 'u32', ''],
  ['node_count', 'u32', '0 where no member is read; else node 0 is the root'],
  ['edge_count', 'u32', ''],
  ['slot_count', 'u32', ''],
  ['place_count', 'u32', ''],
  ['dfa_count', 'u32', ''],
  ['register_count', 'u32', ''],
  ['scratch_values', 'u32', 'values of 16 bytes that lists, maps and optionals made while it runs may take'],
  ['scratch_bytes', 'u32', 'bytes that texts made while it runs may take'],
  ['steps', 'u32', 'that an evaluation may take'],
]);

export const ExprEntry = struct('ExprEntry', 'Where an expression of a program starts.', [
  ['first', 'u32', 'instruction'],
  ['reserved', 'u32', 'zero'],
]);

export const ExprInstruction = struct('ExprInstruction', 'One of exprOps with its operands.', [
  ['op', 'u16', 'ExprOp'],
  ['dst', 'u16', ''],
  ['a', 'u16', ''],
  ['b', 'u16', ''],
]);

export const ExprConstant = struct('ExprConstant', 'A constant value.', [
  [
    'payload',
    'u64',
    'Bool, Int, Uint, Double: its bits. String, Bytes, Type: offset of its bytes. List, Map: first constant of it',
  ],
  [
    'length',
    'u32',
    'String, Bytes, Type: bytes. List: elements. Map: pairs. Timestamp, Duration: nanoseconds (payload: seconds)',
  ],
  ['tag', 'u32', 'ExprTag. What a List or a Map has stands behind it in the table (never before)'],
]);

export const ExprNode = struct('ExprNode', 'An object on the way to members that a program reads (Json).', [
  ['lengths', 'u64', 'bit n: a wanted key has n bytes; bit 63: 63 bytes or more'],
  ['first_edge', 'u32', ''],
  ['edge_count', 'u32', ''],
]);

export const ExprEdge = struct('ExprEdge', 'A wanted key of an object, unescaped UTF-8.', [
  ['head', 'u64', 'its first 8 bytes in memory order, zero-filled'],
  ['mask', 'u64', 'ones for the bytes of head that count'],
  ['text_offset', 'u32', ''],
  ['length', 'u32', 'bytes'],
  ['child', 'u32', 'node behind it, greater than its own; 0: none'],
  ['slot', 'u32', 'plus one, of the value; 0: none'],
]);

export const ExprSlot = struct('ExprSlot', 'A member that a program reads.', [
  ['field', 'u32', 'Struct: FieldCode; Json: 0'],
  ['offset', 'u32', 'Struct: first byte'],
  ['length', 'u32', 'Struct: bytes'],
  ['reserved', 'u32', 'zero'],
]);

export const ExprPlace = struct(
  'ExprPlace',
  'Which part of the text an instruction comes of; ascending by instruction.',
  [
    ['instruction', 'u32', ''],
    ['start', 'u32', 'UTF-16 units from the start of the text of the entry'],
    ['end', 'u32', ''],
    ['entry', 'u32', ''],
  ],
);

export const ExprDfa = struct('ExprDfa', 'A pattern of `matches`: bytes to classes, states times classes to states.', [
  ['classes_offset', 'u32', '256 bytes: class of each byte'],
  ['class_count', 'u32', ''],
  ['states_offset', 'u32', 'a row of class_count u16 a state: the next state by class; 2-aligned'],
  ['state_count', 'u32', 'state 0 is the start'],
  [
    'accepts_offset',
    'u32',
    'a byte per state: bit 0 a match has been found here; bit 1: it is one if the text ends here',
  ],
  ['reserved', 'u32', 'zero'],
]);
