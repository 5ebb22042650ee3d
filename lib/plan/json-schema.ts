/**
 * The document as JSON Schema 2020-12, for editors: completion, descriptions and most of the checks of single values.
 * Made from the zod schema, so it cannot fall behind it; what JSON Schema can say better (one shape whose payload
 * depends on the target, a config that depends on the op) is added here. Pure; any thread.
 */
import * as z from 'zod';
import { DECLARATION_FIELDS } from './declarations.js';
import { CALLER_OP_PATTERN, STRUCT_FIELD_BYTES_MAX } from './limits.js';
import { OP_CATALOG, type OpEntry } from './op-catalog.js';
import {
  boundaryEntrySchema,
  boundaryPolicySchema,
  codecSchema,
  connectionSchema,
  keySchema,
  laneGraphSchema,
  laneSchema,
  onFullSchema,
  planOfUnknownTargetSchema,
  ringStageSchema,
  singleRingSchema,
  stageEntrySchema,
  structFieldSchema,
} from './schema.js';

export type JsonSchema = { [keyword: string]: unknown };

/** The parts that stand once, under `$defs`. */
const named = (): [z.ZodType, string][] => [
  [keySchema, 'key'],
  [codecSchema, 'codec'],
  [structFieldSchema, 'structField'],
  [stageEntrySchema, 'stage'],
  [boundaryEntrySchema, 'boundary'],
  [ringStageSchema, 'ringStage'],
  [singleRingSchema, 'singleRing'],
  [laneSchema, 'lane'],
  [onFullSchema, 'onFull'],
  [connectionSchema, 'connection'],
  [boundaryPolicySchema, 'boundaryPolicy'],
  [laneGraphSchema, 'laneGraph'],
];

/** Makes the JSON Schema of plans, for editors. A new object each time. Pure; any thread. */
export function planJsonSchema(): JsonSchema {
  const { $schema, $defs, ...document } = convert(planOfUnknownTargetSchema);
  const defs = $defs as Record<string, JsonSchema>;
  const stage = defs.stage as JsonSchema;
  return {
    $schema,
    title: 'PipelinePlanV2',
    description: 'A plan of byteor: stages, boundaries, and the execution model that joins them.',
    ...document,
    allOf: [payloadOf('SingleRing', 'single_ring', 'lane_graph'), payloadOf('LaneGraph', 'lane_graph', 'single_ring')],
    $defs: { ...defs, stage: { ...stage, ...stageByOp(stage) } },
  };
}

/** The schema of the config of one op, as `capabilities` prints it. */
export function configJsonSchema(entry: OpEntry): JsonSchema {
  const { $schema: _, ...schema } = convert(entry.config);
  return schema;
}

function convert(schema: z.ZodType): JsonSchema {
  const names = z.registry<{ id: string }>();
  for (const [part, id] of named()) names.add(part, { id });
  return z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    metadata: names,
    override: ({ zodSchema, jsonSchema }) => {
      Object.assign(jsonSchema, z.globalRegistry.get(zodSchema));
      narrow(jsonSchema as JsonSchema);
    },
  }) as JsonSchema;
}

/** Places where zod allows what another pass refuses, and JSON Schema can refuse it at once. */
function narrow(schema: JsonSchema): void {
  const words = schema.enum as string[] | undefined;
  // Known words of the document that every validation rejects: an editor must not offer them.
  if (words?.includes('Mpmc') || words?.includes('WorkQueue')) schema.enum = words.slice(0, 1);
  if (typeof schema.pattern === 'string') {
    const sized = /^\^(bytes|utf8)\\\(/.exec(schema.pattern);
    if (sized !== null) {
      schema.pattern = `^${sized[1]}\\([1-9][0-9]{0,4}\\)$`;
      schema.description = `N is at most ${STRUCT_FIELD_BYTES_MAX}.`;
    }
  }
  // A union with one member is that member.
  const only = schema.oneOf as JsonSchema[] | undefined;
  if (only?.length === 1) {
    delete schema.oneOf;
    Object.assign(schema, only[0]);
  }
}

function payloadOf(target: string, own: string, other: string): JsonSchema {
  return {
    if: { properties: { target: { const: target } }, required: ['target'] },
    // biome-ignore lint/suspicious/noThenProperty: this is JSON Schema's keyword.
    then: { required: [own], properties: { [other]: false } },
  };
}

/** `op` offers the catalog's keys, and `config` is what the op at hand takes. */
function stageByOp(stage: JsonSchema): JsonSchema {
  const properties = stage.properties as Record<string, JsonSchema>;
  const builtin = [...OP_CATALOG.values()];
  const description = builtin.map((entry) => `\`${entry.op}\`: ${entry.help}`).join('\n');
  return {
    properties: {
      ...properties,
      op: {
        description: `${properties.op?.description}\n\n${description}`,
        anyOf: [{ enum: builtin.map((entry) => entry.op) }, { type: 'string', pattern: CALLER_OP_PATTERN.source }],
      },
    },
    allOf: builtin.map((entry) => ({
      if: { properties: { op: { const: entry.op } }, required: ['op'] },
      // biome-ignore lint/suspicious/noThenProperty: this is JSON Schema's keyword.
      then: {
        // What a built-in op does, the catalog says; only ops of the caller declare it.
        properties: {
          config: configOf(entry),
          ...Object.fromEntries(DECLARATION_FIELDS.map((field) => [field, false])),
        },
        ...(entry.configRequired ? { required: ['config'] } : {}),
      },
    })),
  };
}

function configOf(entry: OpEntry): JsonSchema {
  const { $defs: _, ...schema } = configJsonSchema(entry);
  const choices = exactlyOne(entry);
  return choices === undefined ? schema : { ...schema, oneOf: choices.map((name) => ({ required: [name] })) };
}

/** The fields of which exactly one stands: the rule of `filter` and `reject`, which zod holds as a refinement. */
function exactlyOne(entry: OpEntry): readonly string[] | undefined {
  const probe = entry.config.safeParse({});
  const params = probe.error?.issues.map((issue) => (issue.code === 'custom' ? issue.params : undefined));
  return params?.find((one) => one?.exactlyOneOf !== undefined)?.exactlyOneOf as readonly string[] | undefined;
}
