/** Codes about SingleRing plans. Part of the table in `codes.ts`. */
import { RING_SHARDS_MAX, RING_STAGES_MAX } from '../plan/limits.js';

const error = 'error' as const;
const warning = 'warning' as const;

export const RING_CODES = {
  RING_BOUNDARIES: {
    severity: error,
    title: 'Not exactly one ingress and one egress',
    meaning: 'A ring has one producer side and one egress that reads all last stages.',
    example: 'target: SingleRing\nboundaries:\n  - { id: in, kind: ingress }',
    remedy: 'Declare one of each; for more use the target LaneGraph.',
  },
  RING_STAGE_UNKNOWN: {
    severity: error,
    title: 'A ring entry names no stage',
    meaning: '`stage` is the id of a stage in the catalog. Boundaries do not stand in the ring.',
    example: 'single_ring:\n  stages:\n    - { stage: prase }',
    remedy: 'Correct the name, or declare the stage in `stages`.',
  },
  RING_STAGE_DUPLICATE: {
    severity: error,
    title: 'A stage stands in the ring twice',
    meaning: 'Each stage of the catalog stands in the ring once. To run an op twice, declare two stages.',
    example: 'single_ring:\n  stages:\n    - { stage: a }\n    - { stage: a, depends_on: [] }',
    remedy: 'Remove the later entry, or name the stage that was meant.',
  },
  RING_STAGE_MISSING: {
    severity: error,
    title: 'A stage of the catalog does not stand in the ring',
    meaning: 'Every stage of the catalog runs; a stage that is declared and forgotten would be skipped silently.',
    example:
      'stages:\n  - { id: a, op: identity }\n  - { id: b, op: identity }\nsingle_ring:\n  stages:\n    - { stage: a }',
    remedy: 'Add it to `single_ring.stages`, or remove it from `stages`.',
  },
  RING_STAGES_MAX: {
    severity: error,
    title: 'Too many stages for one ring',
    meaning: `A ring has at most ${RING_STAGES_MAX} stages: each owns one bit of a 64-bit mask.`,
    example: '# 65 entries in single_ring.stages',
    remedy: 'Do more in one stage, or use the target LaneGraph.',
  },
  RING_DEPENDS_MISSING: {
    severity: error,
    title: 'A later entry without depends_on',
    meaning: 'Dependencies are explicit. Only the first entry may leave the list out, because nothing comes before it.',
    example: 'single_ring:\n  stages:\n    - { stage: a }\n    - { stage: b }',
    remedy: 'Write `depends_on: [a]` to follow a stage, or `depends_on: []` to read straight from the ingress.',
  },
  RING_DEPENDS_UNKNOWN: {
    severity: error,
    title: 'A dependency on something that is not a stage of the ring',
    meaning: '`depends_on` names stages that stand earlier in the ring.',
    example: 'single_ring:\n  stages:\n    - { stage: a }\n    - { stage: b, depends_on: [aa] }',
    remedy: 'Correct the name. An empty list means straight from the ingress.',
  },
  RING_DEPENDS_SELF: {
    severity: error,
    title: 'A stage depends on itself',
    meaning: 'A stage cannot wait for its own work on the record.',
    example: 'single_ring:\n  stages:\n    - { stage: a }\n    - { stage: b, depends_on: [b] }',
    remedy: 'Remove the name from its own list.',
  },
  RING_DEPENDS_FORWARD: {
    severity: error,
    title: 'A dependency on a later stage',
    meaning:
      'The entries stand in topological order, so a list names earlier entries only. This also rules out cycles.',
    example: 'single_ring:\n  stages:\n    - { stage: a, depends_on: [b] }\n    - { stage: b, depends_on: [] }',
    remedy: 'Move the entry, or turn the dependency around.',
  },
  RING_DEPENDS_DUPLICATE: {
    severity: error,
    title: 'A dependency is named twice',
    meaning: 'A list names each stage once.',
    example: 'single_ring:\n  stages:\n    - { stage: a }\n    - { stage: b, depends_on: [a, a] }',
    remedy: 'Remove the second one, or name the stage that was meant.',
  },
  RING_SHARDS: {
    severity: error,
    title: 'A number of shards out of range',
    meaning: `\`shards\` is a whole number from 1 to ${RING_SHARDS_MAX}. Each shard is a ring of its own.`,
    example: 'single_ring:\n  shards: 0',
    remedy: 'Use a number within the bounds; leave it out for one ring.',
  },
  RING_STRICT_SHARDS: {
    severity: error,
    title: 'Strict ordering with several shards',
    meaning:
      '`Strict`, the default, keeps the order of all records, and parallel rings share no order. `PerKey` keeps the order within each shard and so for each key.',
    example: 'single_ring:\n  shards: 4\n  shard_key: { kind: token, separator: " ", index: 0 }',
    remedy: 'Write `ordering: PerKey`, or use one shard.',
  },
  RING_MPMC: {
    severity: error,
    title: 'Mpmc is not offered',
    meaning:
      '`Mpmc` is a known word of the document and is rejected: a ring has one producer, and every stage sees every record.',
    example: 'single_ring:\n  producer: Mpmc',
    remedy: 'Use `Single`; several sources belong into a LaneGraph with several ingresses.',
  },
  RING_WORK_QUEUE: {
    severity: error,
    title: 'WorkQueue is not offered',
    meaning:
      '`WorkQueue` is a known word of the document and is rejected: workers that take records from each other keep no order.',
    example: 'single_ring:\n  scheduling: WorkQueue',
    remedy: 'Use `Dedicated`; for parallel work use `shards`.',
  },
  RING_SHARD_KEY_MISSING: {
    severity: error,
    title: 'Several shards and no key',
    meaning:
      'With several shards something must choose one of them for each record, and only the key keeps equal records together.',
    example: 'single_ring:\n  shards: 4\n  ordering: PerKey',
    remedy: 'Add `shard_key`.',
  },
  RING_SHARD_KEY_UNUSED: {
    severity: warning,
    title: 'A shard key with one shard',
    meaning: 'With one shard there is nothing to choose, so the key is ignored.',
    example: 'single_ring:\n  shard_key: { kind: bytes, offset: 0, length: 4 }',
    remedy: 'Remove it, or set `shards` above 1.',
  },
  RING_WRITE_RACE: {
    severity: error,
    title: 'Two stages race on a slot',
    meaning:
      'All stages of a ring work in place on the same slot. Two of them without a dependency path between them run at the same time; if one writes, the other may see either state. Ops of yours count as writing.',
    example:
      'stages:\n  - { id: a, op: append, config: { text: x } }\n  - { id: b, op: identity }\nsingle_ring:\n  stages:\n    - { stage: a }\n    - { stage: b, depends_on: [] }',
    remedy: 'Let one depend on the other, directly or through others.',
  },
  RING_LANE_INTENT: {
    severity: error,
    title: 'A lane in a SingleRing',
    meaning:
      'Lanes join the stages of a LaneGraph. The stages of a ring share its slots and have no lanes between them.',
    example: 'single_ring:\n  stages:\n    - { stage: a, lane: { kind: Events } }',
    remedy: 'Remove the field, or use the target LaneGraph.',
  },
  ON_ERROR_UNUSED: {
    severity: warning,
    title: 'An on_error where no record can fail',
    meaning:
      'Records of a ring fail only in ops that may fail them (`byteor capabilities` says which): a slot has room for all that ops add to a record. In a LaneGraph a record may also be longer than the lane behind a stage takes, so `on_error` counts for every op there.',
    example: 'target: SingleRing\nstages:\n  - { id: mark, op: prepend, config: { text: "! " }, on_error: drop }',
    remedy: 'Remove it.',
  },
  OP_EMITS_IN_RING: {
    severity: error,
    title: 'An op that emits other records, in a ring',
    meaning:
      'A slot holds one record from the ingress to the egress. An op that makes several records of one, or one of several, has nowhere to put them.',
    example: 'target: SingleRing\nstages:\n  - { id: s, op: an-op-that-emits }',
    remedy: 'Use the target LaneGraph.',
  },
} as const;
