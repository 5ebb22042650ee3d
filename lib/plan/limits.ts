/**
 * Every bound of the plan document, each with its reason, in one place; those that the core checks again stand in the abi
 * definition. The schema, the parser, the validator, the JSON Schema and the docs read them from here; nothing else states
 * one. Pure constants: any thread may import them.
 */

import { ARENA_BYTES_MAX, ORDINAL_BITS_MAX, SLOTS_MAX } from '../abi/limits.js';

export {
  CATALOG_BOUNDARIES_MAX,
  CATALOG_STAGES_MAX,
  ID_CHARS_MAX,
  JOURNAL_INTERVAL_MS_MAX,
  JOURNAL_SEGMENT_BYTES_MAX,
  JOURNAL_SEGMENT_BYTES_MIN,
  LANE_BYTES_MIN,
  LANE_READERS_MAX as FANOUT_V1_MAX_CONSUMERS,
  OP_TEXT_BYTES_MAX,
  ORDINAL_BITS_MAX,
  RING_SHARDS_MAX,
  RING_STAGES_MAX,
  SEQUENCED_SLOTS_GATES as SEQUENCED_SLOTS_V1_GATING,
  STRUCT_BYTES_MAX,
} from '../abi/limits.js';

/** Ids of plans, stages and boundaries. Names of inserted elements hold a character that this pattern cannot match. */
export const ID_PATTERN = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** The part after `js:` or `native:`. The dot allows a dotted module path; no slash, so it can never be a file name. */
export const CALLER_OP_PATTERN = /^(js|native):[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** Field names of a struct become property names in JavaScript and identifiers in C, so they are both. */
export const FIELD_NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Four connections per stage on average; keeps lane indices in 16 bits. */
export const GRAPH_CONNECTIONS_MAX = 4096;

/** Capacities are allocated as powers of two and addressed by 31-bit wrapping cells: 2^30 is the largest that fits. */
export const CAPACITY_MAX = SLOTS_MAX;
export const LANE_BYTES_MAX = ARENA_BYTES_MAX;

/** Retention counts bytes and milliseconds in a JS number: the largest exact integer. */
export const JOURNAL_RETAIN_MAX = Number.MAX_SAFE_INTEGER;

/** Records that an op of the caller emits at most for one: as many copies as an ordinal has bits for. */
export const OP_EMITS_MAX = 2 ** ORDINAL_BITS_MAX;
/** Records of which the function of a stage may promise answers at once, where `open` is told nothing else. */
export const STAGE_CONCURRENCY_DEFAULT = 16;
/** Milliseconds that such a function, or a promise of it, may take, likewise. */
export const STAGE_TIMEOUT_MS_DEFAULT = 30_000;

/** `bytes(N)` and `utf8(N)`: inline in every record of the struct. */
export const STRUCT_FIELD_BYTES_MAX = 65_536;
/** More fields than any wire format in use; bounds the generated reader. */
export const STRUCT_FIELDS_MAX = 256;

/** A `bytes` key starts inside a record, whose length is a 31-bit number. */
export const KEY_OFFSET_MAX = CAPACITY_MAX - 1;
/** A longer key than this is a record, not a key. */
export const KEY_LENGTH_MAX = 65_536;
/** Token separators are compared byte by byte in the reader's loop; 16 bytes fit one vector register. */
export const KEY_SEPARATOR_BYTES_MAX = 16;
/** Tokens are counted from the start of each record; an index beyond this is a mistake. */
export const KEY_TOKEN_INDEX_MAX = 65_535;
/** UTF-8 bytes of a JSON pointer used as a key. */
export const KEY_POINTER_BYTES_MAX = 1024;

/** The four ways in which `filter` and `reject` match bytes. */
export const MATCHERS = ['contains', 'starts_with', 'ends_with', 'equals'] as const;
/** All that can be their condition: an expression too. Exactly one stands in their config. */
export const CONDITIONS = [...MATCHERS, 'where'] as const;
/** Bytes of UTF-8 of an expression's text. */
export const EXPRESSION_BYTES_MAX = 8192;
/** The three ways in which `set_field` makes a field's new value. Exactly one of them stands in its config. */
export const FIELD_WRITES = ['value', 'add', 'from'] as const;

/** Plan text, in UTF-16 code units. A plan at all other limits, generously indented, stays below one mebibyte. */
export const PLAN_TEXT_MAX = 1 << 20;
/** Lexical tokens of a plan text: bounds the time for hostile text that is dense in punctuation to about a second. */
export const PLAN_TOKENS_MAX = 400_000;
/** Lists and maps inside each other. A plan's own deepest place is 8; the rest is for the config of callers' ops. */
export const PLAN_DEPTH_MAX = 64;
/** Values after aliases are expanded: this is what stops an alias bomb. */
export const PLAN_VALUES_MAX = 200_000;
/** Diagnostics in one report; a last one states how many more there were. */
export const DIAGNOSTICS_MAX = 1000;
/** `received` is cut to about this many characters of JSON. */
export const RECEIVED_CHARS_MAX = 160;
