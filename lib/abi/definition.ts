import {
  FAILURE_CAUSES,
  failureCauses,
  failureCauseWords,
  LetterHeader,
  LetterOrigin,
  LetterRecord,
  letterKinds,
  onErrorCodes,
  onErrorWords,
} from './failure.js';
import { HostElement, HostRow } from './host.js';
import { LayoutHeader, LayoutPart } from './layout.js';
import * as limits from './limits.js';
import { configStructs, opCodes } from './ops.js';
import { CACHE_BLOCK, struct } from './struct.js';

export { LetterHeader, LetterOrigin, LetterRecord } from './failure.js';
export { HostElement, HostRow } from './host.js';
export { LayoutHeader, LayoutPart } from './layout.js';
export * from './limits.js';
export { SpecKey } from './ops.js';

/**
 * The ONE definition of everything that TypeScript and C++ both touch: the lowered plan ("spec", written once by
 * lib/lower and checked again by native/graph) and the region (state that threads share while a pipeline runs). layout.ts,
 * ops.ts and failure.ts have what stands of layouts, of each op, and of records that fail. `npm run abi` writes
 * native/abi/abi_generated.hpp and native/op/catalog_generated.hpp from it; a test proves that the checked-in headers agree.
 *
 * Spec:    SpecHeader | SpecSection × section_count | sections…      (offsets from the start of the buffer)
 * Layout:  LayoutHeader | u32 × agent_count, padded to 8 | LayoutPart × part_count
 *          (made by lib/layout for one opening: where everything lies in its region, and which thread runs which agent)
 * Region:  RegionHeader | AgentEntry… | ThreadBlock… | RingBlock… or LaneBlock… | blocks, lists, texts, histograms,
 *          stamps (observable) | marks | slots, frames | arenas       (offsets from the start of the region)
 *
 * A SingleRing has RingBlocks and no LaneBlocks, a LaneGraph the other way round. Both use ProducerBlock for a writing
 * end and ConsumerBlock for a reading one, so that the handles, the ledger and the snapshot know one kind of end.
 */

export const SPEC_MAGIC = 0x53_52_54_42; // "BTRS" in memory order
export const SPEC_LAYOUT_VERSION = 4;
export const REGION_MAGIC = 0x52_52_54_42; // "BTRR" in memory order
export const REGION_LAYOUT_VERSION = 4;
export const LAYOUT_MAGIC = 0x4c_52_54_42; // "BTRL" in memory order

const OTHER_FIELDS = { Bool: 11, Bytes: 12, Utf8: 13 } as const;

/** Named numbers, the same on both sides. */
export const enums = {
  TargetCode: { SingleRing: 1, LaneGraph: 2 },
  SectionKind: {
    Text: 1,
    Boundaries: 2,
    Stages: 3,
    Ring: 4,
    RingEntries: 5,
    Dependencies: 6,
    Keys: 7,
    Roles: 8,
    Lanes: 9,
    RoleLanes: 10,
    LaneReaders: 11,
    Configs: 12,
  },
  BoundaryCode: { Ingress: 1, Egress: 2 },
  CodecCode: { Bytes: 0, Utf8: 1, Struct: 2, Json: 3 },
  OpCode: opCodes,
  MatchCode: { Contains: 1, StartsWith: 2, EndsWith: 3, Equals: 4 },
  /** KeepsLayout: of a stage that writes or emits; a struct is still that struct behind it. */
  StageFlag: { Writes: 1, Filters: 2, Fails: 4, Sink: 8, KeepsLayout: 16, Emits: 32 },
  /** How `set_field` makes the new value. */
  FieldWriteCode: { Value: 1, Add: 2, From: 3 },
  FieldCode: { U8: 1, U16: 2, U32: 3, U64: 4, I8: 5, I16: 6, I32: 7, I64: 8, F32: 9, F64: 10, ...OTHER_FIELDS },
  OrderingCode: { Strict: 1, PerKey: 2 },
  /** Variable: a 16-byte slot a record, its bytes in the arena. Fixed: the record itself is the slot (struct codec). */
  /** Framed: lanes of frames, header and record in one stream. */
  LayoutCode: { Variable: 1, Fixed: 2, Framed: 3 },
  LaneKindCode: { Events: 1, Journal: 2, SequencedSlots: 3, FanoutBroadcast: 4 },
  OnFullCode: { Block: 0, Drop: 1 },
  OnErrorCode: onErrorCodes,
  FailureCause: failureCauses,
  LetterKind: letterKinds,
  /**
   * Inserted: the compiler's, no author's connection. Watermarked: an Ordered merge is downstream, so the writer also
   * says which ordinals can no longer come.
   */
  LaneFlag: { Inserted: 1, Watermarked: 2 },
  FsyncCode: { EachBatch: 1, None: 2, Interval: 3 },
  RoleCode: { Ingress: 1, Stage: 2, Egress: 3, Router: 4, Merge: 5, Bridge: 6 },
  /** What a router or a merge does; None for every other role. */
  PolicyCode: { None: 0, Broadcast: 1, RoundRobin: 2, KeyHash: 3, Interleave: 4, Ordered: 5 },
  KeyCode: { Bytes: 1, Token: 2, Json: 3, Field: 4 },
  /** Low bits of a slot's flags: how the line ended in the input. Lf is 0, so that a record from JS gets LF. */
  TerminatorCode: { Lf: 0, CrLf: 1, None: 2 },
  RegionState: { Building: 0, Running: 1, Closing: 2, Stopped: 3 },
  /** Journal: writes a journal lane's files. Letters: writes the letters of a pipeline. The first six are RoleCode's numbers. */
  AgentKind: { Ingress: 1, Stage: 2, Egress: 3, Router: 4, Merge: 5, Bridge: 6, Journal: 7, Letters: 8 },
  /** What an agent was last seen doing; Stalled waits for room downstream, Waiting for records upstream. */
  AgentState: { Idle: 0, Working: 1, Waiting: 2, Stalled: 3, Done: 4, Failed: 5 },
  /** Who runs a boundary: a JS handle, a native adapter, or nothing (a discarded egress). */
  PortCode: { Js: 1, Native: 2, Discard: 3 },
  PinState: { NotAsked: 0, Applied: 1, Degraded: 2, Failed: 3 },
  /** What the machine is asked for: see docs/runtime.md. */
  Profile: { Default: 0, LowLatency: 1, IsolatedCore: 2 },
  /** What a thread does between two looks at its inputs. Profile: what the profile says. */
  WaitStrategy: { Profile: 0, Adaptive: 1, Spin: 2, Yield: 3, Park: 4 },
  /**
   * Why a thread of JavaScript is called, as bits of a mask. Records: an egress was armed and there are records; Room: an
   * ingress was armed and there is room; Ended: every native thread has ended by itself, or a record failed, so look at the
   * region's state; Durable: a wait for a journal is pending, and more of it is durable; Stages: a
   * stage that JavaScript runs has something to do.
   */
  NativeEvent: { Records: 1, Room: 2, Ended: 4, Durable: 8, Stages: 16 },
  /**
   * What a hosted stage says of a record. Pass: it goes on as it came; Changed: as it stands in the host’s memory now;
   * Filter: it ends here; Elements: others take its place; Fail: it has failed, and the element says why.
   */
  /**
   * Of a hosted stage what those who look see of its code. Untaken: no thread has taken it; Loading: a worker is to; Resting:
   * it waits to be called; Called: it is in its function; Promised: it waits for a promise.
   */
  HostPhase: { None: 0, Untaken: 1, Loading: 2, Resting: 3, Called: 4, Promised: 5 },
  HostAction: { Pass: 0, Changed: 1, Filter: 2, Elements: 3, Fail: 4, Late: 5, Unanswered: 6 },
  /**
   * What a turn of a hosted stage has come to. Idle: nothing to do now; Moved: there may be more; Ended: nothing to do any
   * more, or halted; Busy: it is in a turn, and this call came from inside of its function.
   */
  HostTurn: { Idle: 0, Moved: 1, Ended: 2, Busy: 3 },
} as const;

/** The texts of enums whose values cross the border as words, in options and in what status() tells. */
export const words = {
  PortCode: { Js: 'js', Native: 'native', Discard: 'discard' },
  PinState: { NotAsked: 'NotAsked', Applied: 'Applied', Degraded: 'Degraded', Failed: 'Failed' },
  Profile: { Default: 'default', LowLatency: 'low-latency', IsolatedCore: 'isolated-core' },
  WaitStrategy: { Profile: 'profile', Adaptive: 'adaptive', Spin: 'spin', Yield: 'yield', Park: 'park' },
  OnErrorCode: onErrorWords,
  FailureCause: failureCauseWords,
} as const satisfies { readonly [Name in keyof typeof enums]?: Readonly<Record<keyof (typeof enums)[Name], string>> };

/** StageFlag bits of what a stage does. */
export function stageFlags(does: {
  readonly writes: boolean;
  readonly filters: boolean;
  readonly fails: boolean;
  readonly sink: boolean;
  readonly emits: boolean;
  readonly keepsLayout: boolean;
}): number {
  const { Writes, Filters, Fails, Sink, KeepsLayout, Emits } = enums.StageFlag;
  return (
    (does.writes ? Writes : 0) |
    (does.filters ? Filters : 0) |
    (does.fails ? Fails : 0) |
    (does.sink ? Sink : 0) |
    (does.keepsLayout ? KeepsLayout : 0) |
    (does.emits ? Emits : 0)
  );
}

/** The words of one enum, as a type. */
export type WordOf<Name extends keyof typeof words> = (typeof words)[Name][keyof (typeof words)[Name]];

/** The words that `open` takes, in the order in which they are listed. */
export const PROFILES = Object.values(words.Profile);
export const WAITS = Object.values(words.WaitStrategy);

export const TERMINATOR_MASK = 3;

// ---- the spec ------------------------------------------------------------------------------------------------------

export const SpecHeader = struct('SpecHeader', 'First bytes of a lowered plan.', [
  ['magic', 'u32', 'SPEC_MAGIC'],
  ['layout_version', 'u32', 'SPEC_LAYOUT_VERSION'],
  ['total_bytes', 'u32', 'size of the whole buffer'],
  ['target', 'u32', 'TargetCode'],
  ['section_count', 'u32', 'SpecSection records that follow this header at once'],
  ['name_offset', 'u32', 'plan name, in Text'],
  ['name_length', 'u32', 'bytes'],
  ['reserved', 'u32', 'zero'],
]);

export const SpecSection = struct('SpecSection', 'Where a table lies. Kinds are unique; unknown kinds are refused.', [
  ['kind', 'u32', 'SectionKind'],
  ['offset', 'u32', 'from the start of the buffer, 8-byte aligned'],
  ['count', 'u32', 'records in the table (bytes for Text and Configs)'],
  ['stride', 'u32', 'bytes a record (1 for Text and Configs, 4 for Dependencies, RoleLanes and LaneReaders)'],
]);

export const SpecBoundary = struct('SpecBoundary', 'One entry of the boundary catalog.', [
  ['id_offset', 'u32', 'in Text'],
  ['id_length', 'u32', 'bytes'],
  ['kind', 'u32', 'BoundaryCode'],
  ['codec', 'u32', 'CodecCode'],
  ['record_bytes', 'u32', 'struct size in bytes; 0 for other codecs'],
  ['on_error', 'u32', 'OnErrorCode, never Pass'],
  ['layout_hash', 'u64', 'struct layout hash; 0 for other codecs'],
]);

export const SpecStage = struct('SpecStage', 'One entry of the stage catalog: an op, and where its config lies.', [
  ['id_offset', 'u32', 'in Text'],
  ['id_length', 'u32', 'bytes'],
  ['op', 'u32', 'OpCode'],
  ['flags', 'u32', 'StageFlag bits'],
  ['headroom', 'u32', 'bytes this op may write before a record'],
  ['tailroom', 'u32', 'bytes this op may write after a record'],
  ['config_offset', 'u32', 'in Configs, where the config of the stage before ends'],
  ['config_length', 'u32', 'bytes; 0: none'],
  ['on_error', 'u32', 'OnErrorCode'],
]);

export const SpecRing = struct('SpecRing', 'The SingleRing payload, resolved. Exactly one record in its table.', [
  ['shards', 'u32', '1…64'],
  ['ordering', 'u32', 'OrderingCode'],
  ['layout', 'u32', 'LayoutCode'],
  ['record_bytes', 'u32', 'Fixed: bytes of every record; Variable: 0'],
  ['headroom', 'u32', 'bytes reserved before every record: the sum over all stages'],
  ['tailroom', 'u32', 'bytes reserved after every record: the sum over all stages'],
  ['ingress', 'u32', 'index into Boundaries'],
  ['egress', 'u32', 'index into Boundaries'],
  ['shard_key', 'u32', 'index into Keys, or NONE'],
  ['mark_count', 'u32', 'mark planes: one per entry that marks records as gone'],
  ['terminal_mask', 'u64', 'entries that nothing depends on: what the egress waits for'],
  ['egress_filter_mask', 'u64', 'entries whose marks the egress reads'],
]);

export const SpecRingEntry = struct('SpecRingEntry', 'One stage in the ring, in topological order. At most 64.', [
  ['stage', 'u32', 'index into Stages'],
  ['dependency_start', 'u32', 'index into Dependencies'],
  ['dependency_count', 'u32', '0: straight from the ingress'],
  ['mark', 'u32', 'its mark plane, or NONE: it neither filters nor goes on without records that fail'],
  ['ancestor_mask', 'u64', 'all entries before it on some path (transitive)'],
  ['filter_mask', 'u64', 'entries whose marks it reads: the nearest marking ancestors'],
]);

export const SpecRole = struct(
  'SpecRole',
  'One role of a LaneGraph, in topological order: after every role that writes one of its inlets.',
  [
    ['id_offset', 'u32', 'author’s id, or a compiler’s name with a colon; in Text'],
    ['id_length', 'u32', 'bytes'],
    ['kind', 'u32', 'RoleCode'],
    ['index', 'u32', 'into Boundaries (ingress, egress) or Stages (stage); else NONE'],
    ['policy', 'u32', 'PolicyCode of a router or a merge; None otherwise'],
    ['key', 'u32', 'index into Keys (router by KeyHash), or NONE'],
    ['inlet_start', 'u32', 'index into RoleLanes'],
    ['inlet_count', 'u32', 'merge: ≥ 2; ingress: 0; all others: 1'],
    ['outlet_start', 'u32', 'index into RoleLanes'],
    ['outlet_count', 'u32', 'router: ≥ 2; egress: 0; stage: 1, or 0 with a sink op; all others: 1'],
  ],
);

export const SpecLane = struct(
  'SpecLane',
  'One lane of a LaneGraph. Author’s lanes come first, in the order of their (first) connections.',
  [
    ['id_offset', 'u32', 'in Text: `from->to` by the names of roles or of the author'],
    ['id_length', 'u32', 'bytes'],
    ['kind', 'u32', 'LaneKindCode'],
    ['flags', 'u32', 'LaneFlag bits'],
    ['on_full', 'u32', 'OnFullCode'],
    ['writer', 'u32', 'index into Roles'],
    ['reader_start', 'u32', 'index into LaneReaders'],
    ['reader_count', 'u32', '1; FanoutBroadcast: 1…16'],
    ['connection', 'u32', 'index of the author’s (first) connection, or NONE when inserted'],
    ['capacity_bytes', 'u32', 'Events, FanoutBroadcast: as the author asked, or 0; otherwise 0'],
    ['capacity_records', 'u32', 'SequencedSlots: records; otherwise 0'],
    ['codec', 'u32', 'CodecCode of its records as far as lowering knows them; Bytes otherwise'],
    ['record_bytes', 'u32', 'bytes of every record where the codec says it; else 0'],
    ['fsync', 'u32', 'Journal: FsyncCode; otherwise 0'],
    ['fsync_interval_ms', 'u32', 'Journal with FsyncCode Interval; otherwise 0'],
    ['segment_bytes', 'u32', 'Journal: bytes of a segment file, 0: default'],
    ['layout_hash', 'u64', 'struct layout hash of its records; 0 when they are not all of one struct'],
    ['retain_bytes', 'u64', 'Journal: 0: no limit'],
    ['retain_ms', 'u64', 'Journal: 0: no limit'],
  ],
);

// ---- the region ----------------------------------------------------------------------------------------------------

export const Slot = struct('Slot', 'Variable layout: where a record lies in the arena. Written by the producer.', [
  ['position', 'u32', 'first reserved byte, a wrapping arena position (mask it): what the producer may reuse from'],
  ['start', 'u32', 'first byte of the record, an arena position; moved down by ops that prepend'],
  ['length', 'u32', 'bytes'],
  ['flags', 'u32', 'TerminatorCode in the low bits'],
]);

export const Frame = struct(
  'Frame',
  'Framed layout: what stands before a record, at a multiple of 8; the next frame begins at the next multiple of 8.',
  [
    ['length', 'u32', 'bytes of the record; of padding: bytes to the wrap, these 8 included'],
    ['flags', 'u32', 'TerminatorCode in the low bits; FRAME_PADDING'],
    ['ordinal', 'u64', 'place in its ingress’s order; absent in padding'],
  ],
);

export const RegionHeader = struct('RegionHeader', 'First bytes of a pipeline’s region.', [
  ['magic', 'u32', 'REGION_MAGIC'],
  ['layout_version', 'u32', 'REGION_LAYOUT_VERSION'],
  ['total_bytes', 'u64', 'size of the region'],
  ['observable_bytes', 'u64', 'prefix that holds everything but marks, slots and arenas'],
  ['pipeline', 'u32', 'number of the pipeline in its process'],
  ['pid', 'u32', 'process that runs it'],
  ['target', 'u32', 'TargetCode'],
  ['ring_count', 'u32', 'RingBlock records (shards)'],
  ['agent_count', 'u32', 'AgentEntry records'],
  ['thread_count', 'u32', 'ThreadBlock records'],
  ['rings_offset', 'u64', ''],
  ['agents_offset', 'u64', ''],
  ['threads_offset', 'u64', ''],
  ['lanes_offset', 'u64', ''],
  ['lane_count', 'u32', 'LaneBlock records: of a LaneGraph, and behind them those of letters'],
  ['lanes_reserved', 'u32', 'zero'],
  ['started_ns', 'f64', 'monotonic clock when the threads started'],
  ['name_offset', 'u64', 'plan name, UTF-8'],
  ['name_length', 'u32', 'bytes'],
  ['stage_count', 'u32', 'entries of the plan'],
  ['version_id', 'char[64]', 'hex id of the version; empty when unknown'],
  'line',
  ['state', 'a32', 'RegionState'],
  ['failed', 'a32', '1 once a failure has been recorded; the fields below are then valid'],
  'line',
  ['failed_agent', 'u32', 'index into AgentEntry'],
  ['failed_reserved', 'u32', 'zero'],
  ['failed_sequence', 'u64', 'sequence of the record in its shard'],
  ['failed_cause_length', 'u32', 'bytes'],
  ['failed_cause', `char[${limits.CAUSE_BYTES_MAX}]`, 'UTF-8'],
]);

export const RingBlock = struct(
  'RingBlock',
  'One shard: sizes, places, and the lists its two ends need. Read-mostly.',
  [
    ['shard', 'u32', ''],
    ['layout', 'u32', 'LayoutCode'],
    ['capacity', 'u32', 'records, exactly as asked for: the gate'],
    ['slot_count', 'u32', 'power of two ≥ capacity'],
    ['slot_stride', 'u32', 'bytes from slot to slot (16 when Variable)'],
    ['record_bytes', 'u32', 'Fixed: bytes of every record; Variable: 0'],
    ['record_max', 'u32', 'largest record that may be claimed, bytes'],
    ['headroom', 'u32', 'bytes reserved before a record'],
    ['tailroom', 'u32', 'bytes reserved after a record'],
    ['arena_bytes', 'u32', 'power of two; 0 when Fixed'],
    ['ingress_port', 'u32', 'PortCode'],
    ['egress_port', 'u32', 'PortCode'],
    ['word_bytes', 'u32', 'Fixed: 8 when every slot begins with a sequence word that publishes its record, else 0'],
    ['ring_reserved', 'u32', 'zero'],
    ['slots_offset', 'u64', ''],
    ['arena_offset', 'u64', ''],
    ['producer_offset', 'u64', 'ProducerBlock'],
    ['producer_stamps_offset', 'u64', 'f64 × stamp_count: when a sampled record was published, monotonic ns'],
    ['egress_offset', 'u64', 'ConsumerBlock of the egress'],
    ['egress_histogram_offset', 'u64', 'u32 × HISTOGRAM_COUNTS'],
    ['stamp_count', 'u32', 'power of two'],
    ['gate_count', 'u32', 'sequences that hold the producer back'],
    ['gates_offset', 'u64', 'u64 × gate_count: offsets of ConsumerBlock'],
    ['terminal_count', 'u32', 'stages the egress waits for'],
    ['egress_mark_count', 'u32', 'mark planes the egress reads'],
    ['terminals_offset', 'u64', 'u64 × terminal_count: offsets of ConsumerBlock'],
    ['terminal_stamps_offset', 'u64', 'u64 × terminal_count: offsets of their stamp tables'],
    ['egress_marks_offset', 'u64', 'u64 × egress_mark_count: offsets of planes, one byte a slot'],
    ['publish_wake_count', 'u32', 'threads to look at after publishing'],
    ['release_wake_count', 'u32', 'threads to look at after the egress released'],
    ['publish_wakes_offset', 'u64', 'u64 × publish_wake_count: offsets of ThreadBlock'],
    ['release_wakes_offset', 'u64', 'u64 × release_wake_count: offsets of ThreadBlock'],
    'line',
    ['stop_before', 'a64', 'no record from this sequence on goes any further; 2^64-1 until a record fails'],
  ],
);

export const ProducerBlock = struct('ProducerBlock', 'The writing end of a shard or of a lane.', [
  'line',
  [
    'cursor',
    'a64',
    'native producer: records published (sequence of the next record); framed lane: bytes published (a position)',
  ],
  ['cell', 'a32', 'JS producer: the same, low 32 bits, wrapping'],
  ['closed', 'a32', '1: nothing more will be published'],
  ['watermark', 'a64', 'watermarked lanes: no record with a smaller ordinal will be published after what is published'],
  'line',
  [
    'room_armed',
    'a32',
    '1: a JS producer sleeps until any shard has room (shard 0’s cell stands for all); exchanged to 0 by who wakes it',
  ],
  // Written when an adapter's record fails, and at no other time: no line of their own.
  ['failed', 'af64', 'native ingress: records that failed at it and did not stop the pipeline'],
  ['failed_stopped', 'af64', 'of these, records that stopped it all the same'],
  ['failed_dropped', 'af64', 'of these, records that were dropped'],
  ['failed_dead_lettered', 'af64', 'of these, records that became letters'],
  ['causes', `af64[${FAILURE_CAUSES}]`, 'these, by FailureCause'],
  'line',
  ['next', 'af64', 'JS producer between two owners: records published'],
  ['arena_head', 'a32', 'JS producer between two owners: next free position of the arena or of the frames'],
  ['reserved', 'u32', 'zero'],
  ['published', 'af64', 'records'],
  ['bytes', 'af64', 'record bytes published'],
  ['dropped', 'af64', 'records that a lane with Drop had no room for'],
  ['too_large', 'af64', 'records refused because they exceed record_max'],
  ['keyless', 'af64', 'records without the shard key'],
]);

export const ConsumerBlock = struct(
  'ConsumerBlock',
  'A stage’s or the egress’s place in a shard, or a role’s place in one of its inlets, its counters beside it.',
  [
    'line',
    ['sequence', 'a64', 'native consumer: records it is done with (sequence of the next one)'],
    ['cell', 'a32', 'JS egress: the same, low 32 bits, wrapping'],
    [
      'records_armed',
      'a32',
      '1: a JS egress sleeps until any shard has records (shard 0’s cell stands for all); exchanged to 0 by who wakes it',
    ],
    'line',
    ['in', 'af64', 'records that reached it (filtered upstream ones are not among them)'],
    ['out', 'af64', 'records it passed on'],
    ['skipped', 'af64', 'records that a stage before it had filtered'],
    ['filtered', 'af64', 'records it filtered'],
    ['failed', 'af64', 'records that failed here'],
    ['abandoned', 'af64', 'records left when the pipeline ended; of a broadcasting router: copies not given'],
    ['bytes', 'af64', 'egress: record bytes delivered'],
    ['keyless', 'af64', 'router by KeyHash: records without the key, given to its first lane'],
    ['emitted', 'af64', 'stage: records that it made, but for one that stands for one that it read alone'],
    ['absorbed', 'af64', 'stage: records of which several came, or that it kept'],
    ['held', 'af64', 'stage: records that its op has seen and not answered; they are not among `in`'],
    // Written when a record fails, and at no other time.
    'line',
    ['stopped', 'af64', 'records that failed and stopped the pipeline'],
    ['dropped', 'af64', 'records that failed and were dropped'],
    ['dead_lettered', 'af64', 'records that failed and became letters'],
    ['passed_failed', 'af64', 'records that failed and went on as they came; they are not among `failed`'],
    ['causes', `af64[${FAILURE_CAUSES}]`, 'records that failed, passed ones included, by FailureCause'],
  ],
);

export const LaneBlock = struct(
  'LaneBlock',
  'One lane of a LaneGraph: sizes, places, and the lists its ends need. Read-only after the graph is built.',
  [
    ['id_offset', 'u64', 'UTF-8'],
    ['id_length', 'u32', 'bytes'],
    ['kind', 'u32', 'LaneKindCode'],
    ['flags', 'u32', 'LaneFlag bits'],
    ['on_full', 'u32', 'OnFullCode'],
    ['layout', 'u32', 'LayoutCode: Framed; of SequencedSlots Fixed where all records are one struct, else Variable'],
    ['writer_agent', 'u32', 'index into AgentEntry'],
    ['writer_port', 'u32', 'PortCode when the writer is an ingress, else Native: a JS ingress publishes `cell`'],
    ['reader_count', 'u32', ''],
    ['capacity', 'u32', 'Framed: bytes, exactly as asked for: the gate. Else records, likewise'],
    [
      'memory_bytes',
      'u32',
      'Framed: power of two ≥ capacity. Variable: of the arena, a power of two. Fixed: of the records',
    ],
    ['slot_count', 'u32', 'SequencedSlots: power of two ≥ capacity; Framed: 0'],
    ['record_max', 'u32', 'largest record, bytes; Fixed: every record'],
    ['data_offset', 'u64', 'Framed: the frames. Variable: the arena. Fixed: the records'],
    ['slots_offset', 'u64', 'Variable: Slot × slot_count; else 0'],
    ['ordinals_offset', 'u64', 'SequencedSlots that no ingress writes: u64 × slot_count; else 0'],
    ['producer_offset', 'u64', 'ProducerBlock'],
    ['readers_offset', 'u64', 'u64 × reader_count: offsets of ConsumerBlock'],
    ['reader_agents_offset', 'u64', 'u32 × reader_count: indices into AgentEntry'],
    ['journal_offset', 'u64', 'JournalBlock; 0 for the other kinds'],
    [
      'files_offset',
      'u64',
      'Journal: ConsumerBlock of the agent that writes the files: gates the writer and lets readers go on; else 0',
    ],
    ['stamps_offset', 'u64', 'f64 × stamp_count: when a sampled record was published, monotonic ns'],
    ['histograms_offset', 'u64', 'u32 × HISTOGRAM_COUNTS × reader_count: from publication to release'],
    ['stamp_count', 'u32', 'power of two'],
    ['publish_wake_count', 'u32', 'threads to look at after publishing'],
    ['release_wake_count', 'u32', 'threads to look at after a reader released'],
    ['connection', 'u32', 'index of the author’s (first) connection, or NONE'],
    ['publish_wakes_offset', 'u64', 'u64 × publish_wake_count: offsets of ThreadBlock'],
    ['release_wakes_offset', 'u64', 'u64 × release_wake_count: offsets of ThreadBlock'],
    'line',
    ['stop_before', 'a64', 'no record from this position or sequence on is read; 2^64-1 until the lane is cut'],
  ],
);

export const JournalBlock = struct('JournalBlock', 'Where a journal lane stands: written by the agent of its files.', [
  'line',
  ['appended', 'af64', 'journal sequence of the next record to be appended (counted over all runs)'],
  ['durable', 'af64', 'records before this journal sequence are as durable as the fsync policy promises'],
  ['synced', 'af64', 'records before this journal sequence have been synced to the device'],
  ['first', 'af64', 'journal sequence of the oldest record that the files hold'],
  ['opened_at', 'af64', 'journal sequence of this run’s first record'],
  ['replayed', 'af64', 'records of earlier runs that were handed to the reader in this run'],
  ['syncs', 'af64', 'group commits'],
  ['bytes', 'af64', 'bytes of all segment files'],
  ['cut_bytes', 'af64', 'bytes of a torn tail that recovery cut'],
  ['durable_armed', 'a32', '1: a JS thread waits for durable to move; exchanged to 0 by who wakes it'],
  ['segments', 'a32', 'segment files'],
]);

export const AgentEntry = struct(
  'AgentEntry',
  'What runs: one per boundary and shard, one per stage and shard, one per role.',
  [
    ['kind', 'u32', 'AgentKind'],
    ['ring', 'u32', 'index into RingBlock; 0 in a LaneGraph'],
    ['entry', 'u32', 'ring entry of a stage; LaneGraph: PolicyCode of a router or a merge; else NONE'],
    ['thread', 'u32', 'index into ThreadBlock, or NONE (a handle of JavaScript)'],
    ['id_offset', 'u64', 'author’s id, UTF-8'],
    ['id_length', 'u32', 'bytes'],
    ['dependency_count', 'u32', 'agents it waits for'],
    ['dependencies_offset', 'u64', 'u32 × dependency_count: agent indices'],
    ['inlets_offset', 'u64', 'LaneGraph: u32 × inlet_count: lane indices'],
    ['outlets_offset', 'u64', 'LaneGraph: u32 × outlet_count: lane indices'],
    ['inlet_count', 'u32', ''],
    ['outlet_count', 'u32', ''],
    [
      'block_offset',
      'u64',
      'ProducerBlock (ingress) or ConsumerBlock; LaneGraph: of its first inlet (its lanes have the others)',
    ],
    ['stamps_offset', 'u64', 'f64 × stamp_count: when it was done with a sampled record; 0 for an egress'],
    ['histogram_offset', 'u64', 'u32 × HISTOGRAM_COUNTS; 0 for an ingress'],
    'line',
    ['state', 'a32', 'AgentState'],
    ['waits_for', 'a32', 'agent index it waits for, or NONE'],
    ['host_phase', 'a32', 'HostPhase; None where no host does its work'],
    ['host_reserved', 'u32', 'zero'],
    [
      'host_since',
      'af64',
      'monotonic ns. Called: when the call began; Promised: when the call that made the first promise did',
    ],
  ],
);

export const ThreadBlock = struct('ThreadBlock', 'One native thread, or what JavaScript runs of a hosted stage.', [
  'line',
  [
    'armed',
    'a32',
    '1: it sleeps, or is about to; a JS thread that changed something exchanges it to 0 and wakes it (native threads have a cell of their own)',
  ],
  ['reserved', 'u32', 'zero'],
  'line',
  ['cpu', 'i32', 'CPU it is pinned to, or -1'],
  ['pin_state', 'u32', 'PinState'],
  ['tid', 'a32', 'thread id of the operating system; 0 before it runs'],
  ['name_length', 'u32', 'bytes'],
  ['name', 'char[16]', 'as seen by the operating system'],
  'line',
  ['parks', 'af64', 'times it went to sleep'],
  ['rounds', 'af64', 'rounds over its agents that did work'],
  ['idle_rounds', 'af64', 'rounds that found nothing'],
]);

/** Everything the generator writes, in order of dependence. */
export const structs = [
  SpecHeader,
  SpecSection,
  SpecBoundary,
  SpecStage,
  SpecRing,
  SpecRingEntry,
  SpecRole,
  SpecLane,
  LayoutHeader,
  LayoutPart,
  ...configStructs,
  Slot,
  Frame,
  RegionHeader,
  RingBlock,
  ProducerBlock,
  ConsumerBlock,
  LetterHeader,
  LetterRecord,
  LetterOrigin,
  LaneBlock,
  JournalBlock,
  AgentEntry,
  ThreadBlock,
  HostRow,
  HostElement,
] as const;

export const constants = {
  SPEC_MAGIC,
  SPEC_LAYOUT_VERSION,
  REGION_MAGIC,
  REGION_LAYOUT_VERSION,
  LAYOUT_MAGIC,
  TERMINATOR_MASK,
  CACHE_BLOCK,
  ...limits,
} as const;
