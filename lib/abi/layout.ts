/** The layout of one opening: part of the one definition (definition.ts), which hands it on. */

import { struct } from './struct.js';

export const LayoutHeader = struct(
  'LayoutHeader',
  'First bytes of a layout. Offsets are from the start of the region; threads of agents and parts follow.',
  [
    ['magic', 'u32', 'LAYOUT_MAGIC'],
    ['layout_version', 'u32', 'REGION_LAYOUT_VERSION'],
    ['total_bytes', 'u32', 'size of this buffer'],
    ['target', 'u32', 'TargetCode'],
    ['thread_count', 'u32', 'ThreadBlock records: what runs agents'],
    ['agent_count', 'u32', 'u32 each: index of its thread, or NONE for an end that is a handle of JavaScript'],
    ['part_count', 'u32', 'LayoutPart records: a shard or a lane each, then the lanes of letters'],
    ['hosted_count', 'u32', 'of the threads the last ones, which JavaScript runs: one a hosted stage'],
    ['region_bytes', 'u64', 'size of the region'],
    ['observable_bytes', 'u64', 'prefix that holds everything but marks and records'],
    ['agents', 'u64', 'AgentEntry × agent_count'],
    ['threads', 'u64', 'ThreadBlock × thread_count'],
    ['blocks', 'u64', 'RingBlock or LaneBlock, one a shard or a lane'],
    ['letters', 'u64', 'LaneBlock of each lane of letters: in a LaneGraph right behind the others'],
    ['lists', 'u64', 'room for lists of offsets and of indices'],
    ['list_bytes', 'u64', ''],
    ['texts', 'u64', 'room for the plan’s name and ids'],
    ['text_bytes', 'u64', ''],
  ],
);

export const LayoutPart = struct('LayoutPart', 'Sizes and places of a shard or of a lane; a place of 0 is none.', [
  ['layout', 'u32', 'LayoutCode'],
  ['capacity', 'u32', 'records; Framed: bytes. The gate, exactly as asked for'],
  ['slot_count', 'u32', 'power of two ≥ capacity; Framed: 0'],
  ['slot_stride', 'u32', 'bytes from slot to slot; Framed: 0'],
  ['word_bytes', 'u32', 'WORD_BYTES where a sequence word stands before every record of a shard, else 0'],
  ['record_max', 'u32', 'largest record, bytes'],
  [
    'memory_bytes',
    'u32',
    'of the arena or of the frames: a power of two; of a lane’s structs; 0 in a shard of structs',
  ],
  ['stamp_count', 'u32', 'power of two'],
  ['producer', 'u64', 'ProducerBlock'],
  ['consumers', 'u64', 'ConsumerBlock each: entries, then the egress; or the lane’s readers'],
  ['journal', 'u64', 'JournalBlock'],
  ['files', 'u64', 'ConsumerBlock of the agent that writes the files'],
  ['stamps', 'u64', 'f64 × stamp_count each, padded to a block: entries, then the producer; or the lane’s writer'],
  ['histograms', 'u64', 'u32 × HISTOGRAM_COUNTS, one a consumer'],
  ['marks', 'u64', 'a byte a slot each, padded to a page: planes of a shard'],
  ['slots', 'u64', 'Slot × slot_count; in a shard of structs the slots themselves'],
  ['ordinals', 'u64', 'u64 × slot_count, where a lane of slots keeps them'],
  ['data', 'u64', 'memory_bytes: arena, frames or a lane’s structs'],
]);
