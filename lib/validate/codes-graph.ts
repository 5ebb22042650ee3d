/** Codes about LaneGraph plans. Part of the table in `codes.ts`. */
import { ORDINAL_BITS_MAX } from '../abi/limits.js';
import { FANOUT_V1_MAX_CONSUMERS, SEQUENCED_SLOTS_V1_GATING } from '../plan/limits.js';

const error = 'error' as const;
const warning = 'warning' as const;

export const GRAPH_CODES = {
  GRAPH_NO_INGRESS: {
    severity: error,
    title: 'A graph without an ingress',
    meaning:
      'No record can enter. A graph has at least one ingress; an egress may be wanting if every branch ends in a sink.',
    example: 'target: LaneGraph\nboundaries:\n  - { id: out, kind: egress }',
    remedy: 'Declare an ingress.',
  },
  GRAPH_END_UNKNOWN: {
    severity: error,
    title: 'A connection end that does not exist',
    meaning: '`from` and `to` are ids of stages or boundaries in the catalogs.',
    example: 'connections:\n  - { from: in, to: prase, lane: { kind: Events } }',
    remedy: 'Correct the name, or declare the stage or boundary.',
  },
  GRAPH_END_KIND: {
    severity: error,
    title: 'A boundary at the wrong end of a connection',
    meaning: 'Connections lead from a stage to a stage, from an ingress to a stage, or from a stage to an egress.',
    example: 'connections:\n  - { from: out, to: a, lane: { kind: Events } }   # out is an egress',
    remedy: 'Turn the connection around, or name another end.',
  },
  GRAPH_FORBIDDEN_SHAPE: {
    severity: error,
    title: 'An ingress connected straight to an egress',
    meaning: 'Work is done by stages; a pipeline without one is a misunderstanding more often than a wish.',
    example: 'connections:\n  - { from: in, to: out, lane: { kind: Events } }',
    remedy: 'Put a stage between them; `identity` passes records on unchanged.',
  },
  GRAPH_LOOP: {
    severity: error,
    title: 'A connection from a stage to itself',
    meaning: 'Records flow one way; the graph is acyclic.',
    example: 'connections:\n  - { from: a, to: a, lane: { kind: Events } }',
    remedy: 'Name another end, or remove the connection.',
  },
  GRAPH_CONNECTION_DUPLICATE: {
    severity: error,
    title: 'Two connections join the same pair',
    meaning: 'Two lanes between the same two ends would deliver every record twice in no stated order.',
    example:
      'connections:\n  - { from: in, to: a, lane: { kind: Events } }\n  - { from: in, to: a, lane: { kind: Events } }',
    remedy: 'Remove the later one.',
  },
  GRAPH_CYCLE: {
    severity: error,
    title: 'The connections form a cycle',
    meaning:
      'The graph is acyclic: a cycle of bounded lanes can block itself for ever. The message names a shortest cycle.',
    example:
      'connections:\n  - { from: a, to: b, lane: { kind: Events } }\n  - { from: b, to: a, lane: { kind: Events } }',
    remedy: 'Remove one of the connections that the message names.',
  },
  GRAPH_STAGE_UNREACHABLE: {
    severity: error,
    title: 'No record reaches a stage',
    meaning:
      'Every stage is reachable from an ingress. The first stage without a connection to it is named, not all those behind it.',
    example: 'stages:\n  - { id: a, op: identity }   # and no connection leads to a',
    remedy: 'Connect it, or remove it from the catalog.',
  },
  GRAPH_STAGE_DEAD_END: {
    severity: error,
    title: 'Nothing reads what a stage writes',
    meaning:
      'Every stage reaches an egress or ends in a sink op (`count`, `checksum`); otherwise its records would vanish.',
    example: 'connections:\n  - { from: in, to: a, lane: { kind: Events } }   # and none from a',
    remedy: 'Connect it to a stage or an egress.',
  },
  GRAPH_SINK_UNPROVEN: {
    severity: warning,
    title: 'An op of yours at the end of a branch',
    meaning:
      'Nothing reads this stage. That is right if its op is a sink, which only the op itself can say, so `open` decides.',
    example: 'stages:\n  - { id: save, op: "js:save" }   # and no connection from save',
    remedy: 'Declare the op as a sink where you define it, or connect the stage.',
  },
  GRAPH_BOUNDARY_UNUSED: {
    severity: error,
    title: 'A boundary that no connection uses',
    meaning: 'Nothing could be pushed into it or polled from it.',
    example: 'boundaries:\n  - { id: side, kind: egress }   # and no connection leads to side',
    remedy: 'Connect it, or remove it from the catalog.',
  },
  LANE_FEATURE: {
    severity: error,
    title: 'A lane kind whose feature is off',
    meaning:
      '`Journal` needs the feature `lane_graph_journal`, `FanoutBroadcast` needs `lane_graph_fanout`. `byteor capabilities` prints which features this installation has.',
    example: 'lane: { kind: Journal }   # with lane_graph_journal off',
    remedy: 'Use another lane kind, or an installation with the feature.',
  },
  LANE_GATING: {
    severity: error,
    title: 'A gating that version 1 does not know',
    meaning: `\`gating\` of a SequencedSlots lane is SEQUENCED_SLOTS_V1_GATING, which is ${SEQUENCED_SLOTS_V1_GATING}. It is written out so that a later version can mean another.`,
    example: 'lane: { kind: SequencedSlots, capacity: 1024, gating: 2 }',
    remedy: `Write \`gating: ${SEQUENCED_SLOTS_V1_GATING}\`.`,
  },
  LANE_CONSUMERS: {
    severity: error,
    title: 'A number of consumers out of range',
    meaning: `\`consumers\` of a FanoutBroadcast lane is a whole number from 1 to FANOUT_V1_MAX_CONSUMERS, which is ${FANOUT_V1_MAX_CONSUMERS}: the writer looks at every reader's cursor.`,
    example: 'lane: { kind: FanoutBroadcast, consumers: 0 }',
    remedy: 'Write the number of readers; for more of them put a stage between.',
  },
  FANOUT_CONSUMERS: {
    severity: error,
    title: 'consumers is not the number of readers',
    meaning: 'The FanoutBroadcast connections of one outlet are one lane, and `consumers` is their number.',
    example:
      'connections:\n  - { from: in, to: a, lane: { kind: FanoutBroadcast, consumers: 3 } }\n  - { from: in, to: b, lane: { kind: FanoutBroadcast, consumers: 3 } }',
    remedy: 'Write the number of connections in each of them.',
  },
  FANOUT_DISAGREES: {
    severity: error,
    title: 'Connections of one broadcast lane disagree',
    meaning:
      'The FanoutBroadcast connections of one outlet are one lane, so `capacity_bytes` and the effective `on_full` are the same in all of them.',
    example:
      'connections:\n  - { from: in, to: a, lane: { kind: FanoutBroadcast, consumers: 2 } }\n  - { from: in, to: b, on_full: Drop, lane: { kind: FanoutBroadcast, consumers: 2 } }',
    remedy: 'Write the same in each of them, or use Events lanes where they shall differ.',
  },
  FANOUT_POLICY: {
    severity: error,
    title: 'A broadcast lane behind a policy that chooses',
    meaning:
      'A FanoutBroadcast lane gives every record to every reader. `RoundRobin` and `KeyHash` give each record to one connection.',
    example:
      'boundary_policy: { in: RoundRobin }\nconnections:\n  - { from: in, to: a, lane: { kind: FanoutBroadcast, consumers: 1 } }',
    remedy: 'Use `Broadcast`, or lanes of another kind.',
  },
  POLICY_BOUNDARY_UNKNOWN: {
    severity: error,
    title: 'A policy for something that is not a boundary',
    meaning:
      'The keys of `boundary_policy` are ids of boundaries. Stages have no policy: they give every record to each of their connections.',
    example: 'boundary_policy: { inn: RoundRobin }',
    remedy: 'Correct the id, or remove the entry.',
  },
  POLICY_KIND: {
    severity: error,
    title: 'A policy of the other kind of boundary',
    meaning: 'An ingress has `Broadcast`, `RoundRobin` or KeyHash; an egress has `Interleave` or `Ordered`.',
    example: 'boundary_policy: { in: Ordered }',
    remedy: 'Use a policy of the boundary at hand.',
  },
  POLICY_ORDERED: {
    severity: error,
    title: 'Ordered with several ingresses upstream',
    meaning:
      '`Ordered` restores the order in which one ingress took the records. Records of several ingresses have no common order.',
    example: 'boundary_policy: { out: Ordered }   # and two ingresses lead to out',
    remedy: 'Use `Interleave`, or give each ingress an egress of its own.',
  },
  ORDERED_BITS: {
    severity: error,
    title: 'Ordered behind more merges than an ordinal has bits for',
    meaning: `Every record owns a range of ordinals, and each merge before an \`Ordered\` egress cuts that range, so that the copies of one record keep the order of the connections: a merge of k connections takes log2(k) bits, rounded up, and merges one behind the other add up. There are ${ORDINAL_BITS_MAX} bits; the others count the records of a run. Routers take none. The message names the merges on the way that needs most, with the bits of each.`,
    example: 'boundary_policy: { out: Ordered }   # behind 25 stages, each fed by two branches of the one before it',
    remedy: 'Use `Interleave`, or let fewer branches meet again one behind the other.',
  },
} as const;
