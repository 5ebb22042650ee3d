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

/** Wrapping 32-bit positions compare correctly up to half their range, with one bit to spare: slots and arena bytes. */
export const SLOTS_MAX = 2 ** 30;
export const ARENA_BYTES_MAX = 2 ** 30;
/** A record and the padding that it may cause at the wrap must fit an empty arena, so it has at most half of one. */
export const RECORD_BYTES_MAX = ARENA_BYTES_MAX / 2;
/** 8192 slots of 16 bytes are 128 KiB: the slots of a batch job stay in the second-level cache. */
export const CAPACITY_DEFAULT = 8192;
/** Lines of logs and JSON events are far below this; a longer one is a stated failure that names the option. */
export const RECORD_MAX_DEFAULT = 2 ** 20;
/** One shard's arena; several shards share this amount, none getting less than the minimum. */
export const ARENA_BYTES_DEFAULT = 4 * 2 ** 20;
export const ARENA_BYTES_SHARD_MIN = 2 ** 16;
/** Before every record of a framed lane; also what a frame is aligned to half of (frames begin at multiples of 8). */
export const FRAME_HEADER_BYTES = 16;
export const FRAME_ALIGN = 8;
/** Bit of a frame's flags: no record, only the rest of the memory before the wrap. Its length covers its first 8 bytes. */
export const FRAME_PADDING = 0x8000_0000;
/** One cache line: less cannot hold a frame header and a payload. */
export const LANE_BYTES_MIN = 64;
/** A batch's frames stay in the second-level cache, and a burst of logs still fits. */
export const LANE_BYTES_DEFAULT = 2 ** 20;
/** Gating cells of a SequencedSlots lane, exactly; those without a reader hold 2^64-1 and gate nothing. */
export const SEQUENCED_SLOTS_GATES = 4;
/** The arena behind a SequencedSlots lane: at least two of the largest records, else this. */
export const SLOTS_LANE_ARENA_BYTES_DEFAULT = 2 ** 20;
/** Readers of one FanoutBroadcast lane. */
export const LANE_READERS_MAX = 16;
/** Segment files of a journal where the plan says nothing. */
export const JOURNAL_SEGMENT_BYTES_DEFAULT = 64 * 2 ** 20;
/** What a sequence word takes of a slot of a Fixed ring. */
export const WORD_BYTES = 8;
/** Pays for a sequence, a look at the sleepers and a virtual call, and still stays in the first-level cache. */
export const BATCH_RECORDS_DEFAULT = 256;
export const BATCH_RECORDS_MAX = 2 ** 16;
/** More threads than any machine has CPUs for pipelines; bounds the work of a typing error. */
export const THREADS_MAX = 256;

/**
 * Distinct keys that a keyed `count` holds a shard. A report of more is too long to be read, and a key space without
 * a bound (request ids, say) must not become memory without a bound.
 */
export const COUNT_KEYS_MAX = 65_536;
/** Bytes of all their texts: 64 a key on average. */
export const COUNT_KEY_TEXT_BYTES_MAX = 4 * 2 ** 20;

/**
 * Bits of an ordinal that tell the copies of one record apart (native/lane/ordinal.hpp); the others count the records of
 * a run: 2^40 of them, twelve days at a million a second, are left at the limit.
 */
export const ORDINAL_BITS_MAX = 24;
