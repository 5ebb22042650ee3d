/**
 * The plan document in zod: its words, types and bounds, and nothing that needs two places of the document at once
 * (that is `lib/validate`). Every union is told apart by a tag or by the JS type of the value, so that validation can
 * choose one branch before it looks inside. Proven equal to `document.ts` by a type test. Pure; any thread.
 */
import * as z from 'zod';
import { onErrorWords } from '../abi/failure.js';
import { FIXED_SCALARS } from './codec-layout.js';
import type { DECLARATION_FIELDS } from './declarations.js';
import {
  CAPACITY_MAX,
  CATALOG_BOUNDARIES_MAX,
  CATALOG_STAGES_MAX,
  FANOUT_V1_MAX_CONSUMERS,
  FIELD_NAME_PATTERN,
  GRAPH_CONNECTIONS_MAX,
  ID_PATTERN,
  JOURNAL_INTERVAL_MS_MAX,
  JOURNAL_RETAIN_MAX,
  JOURNAL_SEGMENT_BYTES_MAX,
  JOURNAL_SEGMENT_BYTES_MIN,
  KEY_LENGTH_MAX,
  KEY_OFFSET_MAX,
  KEY_POINTER_BYTES_MAX,
  KEY_SEPARATOR_BYTES_MAX,
  KEY_TOKEN_INDEX_MAX,
  LANE_BYTES_MAX,
  LANE_BYTES_MIN,
  OP_EMITS_MAX,
  OP_TEXT_BYTES_MAX,
  RING_SHARDS_MAX,
  SEQUENCED_SLOTS_V1_GATING,
  STRUCT_FIELD_BYTES_MAX,
  STRUCT_FIELDS_MAX,
} from './limits.js';
import { utf8Length } from './utf8.js';

/** RFC 6901: nothing, or tokens that each start with a slash; a tilde only as `~0` or `~1`. */
const JSON_POINTER_PATTERN = /^(?:\/(?:[^~/]|~[01])*)*$/;

const integer = (min: number, max: number) => z.int().min(min).max(max);

/** Text whose UTF-8 form is bounded; the bound travels in `params` so that the diagnostic can state it. */
export const textOf = (bytesMax: number) =>
  z.string().refine((text) => utf8Length(text) <= bytesMax, { params: { bytesMax } });

export const idSchema = z.string().regex(ID_PATTERN);

export const keySchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('bytes').describe('Bytes of the record at a fixed place.'),
      offset: integer(0, KEY_OFFSET_MAX).describe('Bytes from the start of the record.'),
      length: integer(1, KEY_LENGTH_MAX).describe('Bytes that make the key.'),
    }),
    z.strictObject({
      kind: z.literal('token').describe('One of the pieces that a separator makes of the record.'),
      separator: textOf(KEY_SEPARATOR_BYTES_MAX).min(1).describe('The bytes between two tokens, as UTF-8 text.'),
      index: integer(0, KEY_TOKEN_INDEX_MAX).describe('Which token, from 0.'),
    }),
    z.strictObject({
      kind: z.literal('json').describe('A value of a record that holds JSON.'),
      pointer: textOf(KEY_POINTER_BYTES_MAX).regex(JSON_POINTER_PATTERN).describe('A JSON pointer (RFC 6901).'),
    }),
    z.strictObject({
      kind: z.literal('field').describe('A field of a struct codec.'),
      name: z.string().regex(FIELD_NAME_PATTERN).describe('The name of the field.'),
    }),
  ])
  .describe('How the key of a record is found.');

const scalarTypeSchema = z
  .union([
    z.enum(FIXED_SCALARS),
    z.templateLiteral(['bytes(', z.number(), ')']),
    z.templateLiteral(['utf8(', z.number(), ')']),
  ])
  .describe(`A scalar type; N of bytes(N) and utf8(N) is 1 to ${STRUCT_FIELD_BYTES_MAX}.`);

export const structFieldSchema = z.strictObject({
  name: z.string().regex(FIELD_NAME_PATTERN).describe('Unique within the struct.'),
  type: scalarTypeSchema,
});

export const codecSchema = z
  .union([
    z.enum(['bytes', 'utf8', 'json']),
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('json').describe('One JSON text a record; the same as the word `json`.'),
      }),
      z.strictObject({
        kind: z.literal('struct').describe('Little-endian, natural alignment.'),
        fields: z.array(structFieldSchema).min(1).max(STRUCT_FIELDS_MAX).describe('In the order of the bytes.'),
      }),
    ]),
  ])
  .meta({
    description: 'Types the records for JavaScript: `bytes`, `utf8`, `json`, or a struct of fixed layout.',
    default: 'bytes',
  });

const declarations = {
  access: z
    .exactOptional(z.enum(['read', 'write']))
    .meta({ description: 'Of a `js:` or `native:` op: whether it changes records.', default: 'write' }),
  sink: z.exactOptional(z.boolean()).describe('Of a `js:` or `native:` op: it may stand where nothing reads it.'),
  filters: z
    .exactOptional(z.boolean())
    .meta({ description: 'Of a `js:` or `native:` op: it may filter records.', default: true }),
  emits: z.exactOptional(z.boolean()).describe('Of a `js:` or `native:` op: it emits other records than it reads.'),
  emits_max: z
    .exactOptional(integer(1, OP_EMITS_MAX))
    .describe('Records that it emits at most for one; upstream of `Ordered` it must be stated.'),
  room: z
    .exactOptional(integer(0, OP_TEXT_BYTES_MAX))
    .meta({ description: 'Bytes by which it makes a record longer at most.', default: 0 }),
  keeps_layout: z
    .exactOptional(z.boolean())
    .describe('Of a `js:` or `native:` op that writes: a struct is still that struct behind it.'),
} satisfies Record<(typeof DECLARATION_FIELDS)[number], z.ZodType>;

export const stageEntrySchema = z.strictObject({
  id: idSchema.describe('Unique among stages and boundaries.'),
  op: z.string().min(1).describe('A key of the op catalog, `js:<name>` or `native:<name>`.'),
  config: z.exactOptional(z.unknown()).describe('What the op is told; its own schema depends on `op`.'),
  on_error: z.exactOptional(z.enum(onErrorWords)).meta({
    description:
      'What becomes of a record that fails in it: the pipeline stops, the record goes no further (`drop`), goes on as it came (`pass`), or goes no further and leaves a letter (`dead_letter`).',
    default: 'stop',
  }),
  ...declarations,
});

const { Pass: _, ...boundaryOnErrors } = onErrorWords;

export const boundaryEntrySchema = z.strictObject({
  id: idSchema.describe('Unique among stages and boundaries.'),
  kind: z.enum(['ingress', 'egress']).describe('Where records come in, or where they leave.'),
  codec: z.exactOptional(codecSchema),
  on_error: z.exactOptional(z.enum(boundaryOnErrors)).meta({
    description:
      'What becomes of a record that its adapter cannot take or write: the pipeline stops, the record is dropped, or it is dropped and leaves a letter (`dead_letter`).',
    default: 'stop',
  }),
});

export const ringStageSchema = z.strictObject({
  stage: idSchema.describe('The id of a stage in the catalog.'),
  depends_on: z
    .exactOptional(z.array(idSchema))
    .describe(
      'Earlier stages that this one waits for; `[]`: straight from the ingress. Only the first entry may omit it.',
    ),
});

export const singleRingSchema = z.strictObject({
  stages: z.array(ringStageSchema).min(1).describe('Every stage of the catalog once, in topological order.'),
  shards: z.exactOptional(integer(1, RING_SHARDS_MAX)).meta({ description: 'Parallel rings.', default: 1 }),
  ordering: z
    .exactOptional(z.enum(['Strict', 'PerKey']))
    .meta({ description: '`Strict` needs one shard.', default: 'Strict' }),
  producer: z
    .exactOptional(z.enum(['Single', 'Mpmc']))
    .meta({ description: '`Single` is what the ring offers.', default: 'Single' }),
  scheduling: z
    .exactOptional(z.enum(['Dedicated', 'WorkQueue']))
    .meta({ description: '`Dedicated` is what the ring offers.', default: 'Dedicated' }),
  shard_key: z.exactOptional(keySchema).describe('Chooses the shard; required when there are several.'),
});

export const onFullSchema = z.enum(['Block', 'Drop']).describe('What happens to a record that does not fit.');

const laneBytes = z
  .exactOptional(integer(LANE_BYTES_MIN, LANE_BYTES_MAX))
  .describe('Bytes that the lane holds at most; where it is left out, an option of `open` says it.');

export const laneSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('Events').describe('Records in order, in memory.'),
      capacity_bytes: laneBytes,
    }),
    z.strictObject({
      kind: z.literal('Journal').describe('Records in order, on disk. Needs the feature lane_graph_journal.'),
      fsync: z
        .exactOptional(
          z.union([
            z.enum(['each_batch', 'none']),
            z.strictObject({ interval_ms: integer(1, JOURNAL_INTERVAL_MS_MAX).describe('Milliseconds.') }),
          ]),
        )
        .describe('When written records become durable.'),
      segment_bytes: z
        .exactOptional(integer(JOURNAL_SEGMENT_BYTES_MIN, JOURNAL_SEGMENT_BYTES_MAX))
        .describe('Bytes of one segment file.'),
      retain_bytes: z.exactOptional(integer(1, JOURNAL_RETAIN_MAX)).describe('Bytes to keep; older segments go.'),
      retain_ms: z.exactOptional(integer(1, JOURNAL_RETAIN_MAX)).describe('Milliseconds to keep; older segments go.'),
    }),
    z.strictObject({
      kind: z.literal('SequencedSlots').describe('Fixed slots, addressed by sequence.'),
      capacity: integer(1, CAPACITY_MAX).describe('Records.'),
      gating: z.literal(SEQUENCED_SLOTS_V1_GATING).describe('SEQUENCED_SLOTS_V1_GATING, written out.'),
    }),
    z.strictObject({
      kind: z.literal('FanoutBroadcast').describe('One writer, several readers. Needs the feature lane_graph_fanout.'),
      consumers: integer(1, FANOUT_V1_MAX_CONSUMERS).describe(
        'The number of FanoutBroadcast connections of the outlet.',
      ),
      capacity_bytes: laneBytes,
    }),
  ])
  .describe('The lane intent of a connection.');

export const connectionSchema = z.strictObject({
  from: idSchema.describe('A stage or an ingress.'),
  to: idSchema.describe('A stage or an egress.'),
  lane: laneSchema,
  on_full: z.exactOptional(onFullSchema),
});

export const boundaryPolicySchema = z
  .union([
    z.enum(['Broadcast', 'RoundRobin', 'Interleave', 'Ordered']),
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('KeyHash').describe('One connection for each key.'), key: keySchema }),
    ]),
  ])
  .describe('Ingress: `Broadcast` (default), `RoundRobin`, KeyHash. Egress: `Interleave` (default), `Ordered`.');

export const laneGraphSchema = z.strictObject({
  connections: z
    .array(connectionSchema)
    .min(1)
    .max(GRAPH_CONNECTIONS_MAX)
    .describe('Stage to stage, ingress to stage, stage to egress; without cycles.'),
  boundary_policy: z.exactOptional(z.record(z.string(), boundaryPolicySchema)).describe('Boundary id → policy.'),
  on_full: z
    .exactOptional(onFullSchema)
    .meta({ description: 'For every connection that does not say it itself.', default: 'Block' }),
});

const common = {
  version: z.literal(2).describe('The schema marker.'),
  name: idSchema.describe('The name of the plan.'),
  stages: z
    .array(stageEntrySchema)
    .min(1)
    .max(CATALOG_STAGES_MAX)
    .describe('The stage catalog; its order means nothing.'),
  boundaries: z.array(boundaryEntrySchema).max(CATALOG_BOUNDARIES_MAX).describe('The boundary catalog.'),
};

export const singleRingPlanSchema = z.strictObject({
  ...common,
  target: z.literal('SingleRing'),
  single_ring: singleRingSchema,
});

export const laneGraphPlanSchema = z.strictObject({
  ...common,
  target: z.literal('LaneGraph'),
  lane_graph: laneGraphSchema,
});

/**
 * The document when its target cannot be read: both payloads are looked into, neither is asked for. Validation uses
 * it so that a misspelt target does not hide every other error.
 */
export const planOfUnknownTargetSchema = z.strictObject({
  ...common,
  target: z.enum(['SingleRing', 'LaneGraph']).describe('The execution model; never inferred from the shape.'),
  single_ring: z.exactOptional(singleRingSchema),
  lane_graph: z.exactOptional(laneGraphSchema),
});
