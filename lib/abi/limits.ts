/**
 * Bounds and defaults that TypeScript and C++ share, each with its reason, in one place: definition.ts has them written into the
 * generated header. Pure constants; any thread.
 */

/** An index that points nowhere. */
export const NONE = 0xffff_ffff;

/** One record in 2^SAMPLE_SHIFT carries time stamps, so that hop latency costs one clock read a batch at most. */
export const SAMPLE_SHIFT = 10;

/** HdrHistogram layout: unit 1 ns, 2 significant digits, highest value 2^36 - 1 ns (68 s); larger values count as highest. */
export const HISTOGRAM_SUB_BUCKET_COUNT = 256;
export const HISTOGRAM_COUNTS = 3840;

/** The highest value that a histogram of HISTOGRAM_COUNTS counters tells apart; larger ones count as this one. */
export const HISTOGRAM_MAX_NS = 2 ** 36 - 1;

/** Wrapping 32-bit positions compare correctly up to half their range, with one bit to spare: slots and arena bytes. */
export const SLOTS_MAX = 2 ** 30;
export const ARENA_BYTES_MAX = 2 ** 30;

// Three sizes of a record, each of another meaning: what `recordMax` may be, what it is in a SingleRing where nothing was said (a
// LaneGraph has what its lanes take), and what the fields of a struct may add up to in a plan.

/** A record and the padding that it may cause at the wrap must fit an empty arena, so it has at most half of one. */
export const RECORD_BYTES_MAX = ARENA_BYTES_MAX / 2;
/** Lines of logs and JSON events are far below this; a longer one is a stated failure that names the option. */
export const RECORD_MAX_DEFAULT = 2 ** 20;
/** A whole struct: one mebibyte is the largest record that the defaults of `open` would ever carry. */
export const STRUCT_BYTES_MAX = 2 ** 20;

/** 8192 slots of 16 bytes are 128 KiB: the slots of a batch job stay in the second-level cache. */
export const CAPACITY_DEFAULT = 8192;
/** One shard's arena; several shards share this amount, none getting less than the minimum. */
export const ARENA_BYTES_DEFAULT = 4 * 2 ** 20;
export const ARENA_BYTES_SHARD_MIN = 2 ** 16;
/** Before every record of a framed lane; also what a frame is aligned to half of (frames begin at multiples of 8). */
export const FRAME_HEADER_BYTES = 16;
export const FRAME_ALIGN = 8;
/** Bit of a frame's flags: no record, only the rest of the memory before the wrap. Its length covers its first 8 bytes. */
export const FRAME_PADDING = 0x8000_0000;
/** Of a lane's memory. One cache line: less cannot hold a frame header and a payload. */
export const LANE_BYTES_MIN = 64;
/** A batch's frames stay in the second-level cache, and a burst of logs still fits. */
export const LANE_BYTES_DEFAULT = 2 ** 20;
/**
 * Gating cells of a SequencedSlots lane, the only number that version 1 of that lane knows; those without a reader hold
 * 2^64-1 and gate nothing.
 */
export const SEQUENCED_SLOTS_GATES = 4;
/** The arena behind a SequencedSlots lane: at least two of the largest records, else this. */
export const SLOTS_LANE_ARENA_BYTES_DEFAULT = 2 ** 20;
/** Readers of one FanoutBroadcast lane: it keeps one padded cursor a reader, and the writer scans all of them. */
export const LANE_READERS_MAX = 16;
/** Segment files of a journal where the plan says nothing. */
export const JOURNAL_SEGMENT_BYTES_DEFAULT = 64 * 2 ** 20;
/** One page: a segment file smaller than that only makes more files. */
export const JOURNAL_SEGMENT_BYTES_MIN = 4096;
/** Segments are mapped whole, so they obey the same bound as lanes. */
export const JOURNAL_SEGMENT_BYTES_MAX = ARENA_BYTES_MAX;
/** A day: a longer group-commit interval is `none` under another name. */
export const JOURNAL_INTERVAL_MS_MAX = 86_400_000;
/** What a sequence word takes of a slot of a Fixed ring. */
export const WORD_BYTES = 8;
/** Pays for a sequence, a look at the sleepers and a virtual call, and still stays in the first-level cache. */
export const BATCH_RECORDS_DEFAULT = 256;
/** A batch is what one turn of an agent moves; above this a stalled neighbour waits noticeably long. */
export const BATCH_RECORDS_MAX = 2 ** 16;
/** What a host answers is one number: records that have an answer, and those that it holds times this. Above BATCH_RECORDS_MAX. */
export const HOST_HELD_UNIT = 2 ** 20;
/** More threads than any machine has CPUs for pipelines; bounds the work of a typing error. */
export const THREADS_MAX = 256;
/** Numbers of CPUs that a thread can be pinned to: what affinity masks of the operating systems hold at least. */
export const CPU_MAX = 1023;
/** More CPUs than any kernel is built for: a list of CPUs, of the kernel or of a user, that goes on behind it is none. */
export const CPU_LIST_END = 2 ** 16;
/** Where all sequences may begin (tests): they are exact as JS numbers up to 2^53, and have as far to go from here. */
export const FIRST_SEQUENCE_MAX = 2 ** 52;

/**
 * Distinct keys that a keyed `count` holds a shard. A report of more is too long to be read, and a key space without
 * a bound (request ids, say) must not become memory without a bound.
 */
export const COUNT_KEYS_MAX = 65_536;
/** Bytes of all their texts: 64 a key on average. */
export const COUNT_KEY_TEXT_BYTES_MAX = 4 * 2 ** 20;
/** Its hash table has 8 bytes a slot and is half full at most, so that a probe ends after a few. */
export const COUNT_KEY_SLOTS = 2 * COUNT_KEYS_MAX;
/** Place and length of the key's text, and its count. */
export const COUNT_KEY_ENTRY_BYTES = 16;
/** Address space of all of it: what `describe` announces beside the region. */
export const COUNT_TABLE_BYTES =
  8 * COUNT_KEY_SLOTS + COUNT_KEY_ENTRY_BYTES * COUNT_KEYS_MAX + COUNT_KEY_TEXT_BYTES_MAX;

/**
 * Bits of an ordinal that tell the copies of one record apart (native/lane/ordinal.hpp); the others count the records of
 * a run: 2^40 of them, twelve days at a million a second, are left at the limit.
 */
export const ORDINAL_BITS_MAX = 24;

// What a plan may have: validation refuses more, and the core refuses a spec that has. lib/plan/limits.ts has the bounds that end
// with validation.

/** Ids of plans, stages and boundaries, in ASCII: 64 fits a thread's role name, a counter's label and one line of a table. */
export const ID_CHARS_MAX = 64;
/** Bytes of the longest name of a lane, which is a shared one's: 64 for each of its readers, and what joins them. */
export const NAME_BYTES_MAX = 2048;
/** A slot's stage masks are one 64-bit word, so a ring has at most 64 stages. */
export const RING_STAGES_MAX = 64;
/** One ring a shard, and shard maps are one 64-bit word; more rings than CPUs of a large machine only cost memory. */
export const RING_SHARDS_MAX = 64;
/** A graph has an agent per stage; a thousand are far beyond any machine and keep every table index in 16 bits. */
export const CATALOG_STAGES_MAX = 1024;
/** An adapter or a handle stands behind each boundary; 256 bounds file descriptors and handle tables. */
export const CATALOG_BOUNDARIES_MAX = 256;
/** Text given to an op (UTF-8 bytes). Writers reserve this much room in every slot, so it is kept far below a record. */
export const OP_TEXT_BYTES_MAX = 65_536;
/** Bytes that a region and a letter keep of why a record failed: a sentence with an excerpt of the record. */
export const CAUSE_BYTES_MAX = 500;

/** Of LetterRecord: what an earlier version wrote is told from what this one does. */
export const LETTER_VERSION = 1;
/** Stands for the hash of a struct in a journal of letters, so that no other journal is taken for one: "letters1". */
export const LETTERS_HASH_LOW = 0x7474_656c;
export const LETTERS_HASH_HIGH = 0x3173_7265;
/** Of the flags of a record in a letter: it was longer than the letter takes, and its first bytes stand there. */
export const LETTER_CUT = 2 ** 31;
/** Bytes of a line that no record takes and that stand in its letter all the same, where records are shorter. */
export const LETTER_LINE_BYTES = 2 ** 16;
/** Of a lane of letters, unless one letter of the longest record needs more: failures are rare, and its reader waits for a device. */
export const LETTERS_LANE_BYTES = 2 ** 16;
