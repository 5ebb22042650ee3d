/**
 * Valid plans of both targets, by construction: what is generated here must be accepted by `validate` without an
 * error. Shared by the tests of validation, of lowering and of the running core.
 */
import type fc from 'fast-check';
import type {
  BoundaryEntry,
  BoundaryPolicy,
  Codec,
  Connection,
  Key,
  Lane,
  LaneGraphPlan,
  OnError,
  OnFull,
  RingStage,
  SingleRingPlan,
  StageEntry,
  StructField,
} from '../../lib/plan/document.js';
import { type FieldConstant, OP_CATALOG, type SetFieldConfig, traitsOf } from '../../lib/plan/op-catalog.js';
import { arbitraryChoices, type Choices } from './choices.js';
import { drawOwnEntry, OWN_OPS } from './own-stages.js';

export interface PlanShape {
  /** Default 8. */
  readonly maxStages?: number;
  /** Default 4; 1 means `Strict` rings only. */
  readonly maxShards?: number;
  /** `js:` and `native:` ops too; default false, because they need code at `open`. */
  readonly callerOps?: boolean;
  /** Stages with code of test/conformance, about half of all; some of their records fail, so `onError` or `failing` is said. */
  readonly own?: boolean;
  /** The codec `json`; default false. */
  readonly json?: boolean;
  /** Stages too in which a record that fails stops the pipeline; default true. */
  readonly failing?: boolean;
  /** What else may become of a record that fails, in `reject` and `set_field` stages; default nothing. */
  readonly onError?: readonly Exclude<OnError, 'stop'>[];
  /** Struct codecs, and keys over their fields; default true. */
  readonly structs?: boolean;
  /** Texts that filters look for and writers add; short ones by default. */
  readonly texts?: readonly string[];
  /** Lane kinds of a graph; default all four. */
  readonly lanes?: readonly Lane['kind'][];
}

export function arbitraryRingPlan(shape: PlanShape = {}): fc.Arbitrary<SingleRingPlan> {
  return drawn((choices) => drawRingPlan(choices, shape));
}

export function arbitraryGraphPlan(shape: PlanShape = {}): fc.Arbitrary<LaneGraphPlan> {
  return drawn((choices) => drawGraphPlan(choices, shape));
}

export function arbitraryPlan(shape: PlanShape = {}): fc.Arbitrary<SingleRingPlan | LaneGraphPlan> {
  return drawn((choices) => (choices.chance() ? drawGraphPlan(choices, shape) : drawRingPlan(choices, shape)));
}

/** Makes plans of decisions. A plan is a tree: no object stands in it twice, as in a document read from text. */
function drawn<P>(draw: (choices: Choices) => P): fc.Arbitrary<P> {
  return arbitraryChoices(300).map((choices) => JSON.parse(JSON.stringify(draw(choices))) as P);
}

const TEXTS = ['a', 'e', ' ', 'error', '', 'ü', '12', '"'];
const WORDS = ['parse', 'clean', 'tag', 'enrich', 'split', 'save', 'count-it', 'Check_2', 'x', 'In'];
const MORE_WORDS = [
  'router',
  'wide-bridge',
  'north',
  'decoded',
  'Zulu',
  'audit_log',
  'of-yesterday',
  'keep',
  'm',
  'Ob',
];

/** Ids that are all different; none of the first twenty is a slip of the pen for another. */
function drawIds(choices: Choices, amount: number): string[] {
  const words = [...choices.shuffle(WORDS), ...choices.shuffle(MORE_WORDS)];
  return Array.from({ length: amount }, (_, index) => {
    const word = words[index % words.length] as string;
    return index < words.length ? word : `${word}-${index}`;
  });
}

/**
 * The catalog of stages. A struct has fields as long as all stages keep it: either all of a plan with structs do, or none
 * of them names a field.
 */
function drawCatalog(
  choices: Choices,
  shape: PlanShape,
  ids: readonly string[],
  codec: Codec | undefined,
  graph: boolean,
): Catalog {
  const writing = typeof codec !== 'object' || choices.chance();
  const keys = writing ? ANY_CODEC_KEYS : keysFor(codec);
  const struct = writing || codec.kind !== 'struct' ? undefined : codec;
  const place = { codec, keeps: !writing, graph, texts: shape.texts ?? TEXTS };
  const entryOf = (): Omit<StageEntry, 'id'> => {
    if (shape.own !== true || choices.chance()) return drawOp(choices, shape, keys, struct);
    return { ...drawOwnEntry(choices, choices.pick(OWN_OPS), place), ...drawOnError(choices, shape) };
  };
  return { writing, entries: ids.map((id) => ({ id, ...entryOf() })) };
}

interface Catalog {
  /** Some stages may change the length of records. */
  readonly writing: boolean;
  readonly entries: readonly StageEntry[];
}

/** A codec that can hold what arrives at an egress. */
function drawEgressCodec(choices: Choices, codec: Codec | undefined, { writing }: Catalog): Codec | undefined {
  return choices.pick(typeof codec === 'object' && writing ? [undefined, 'bytes'] : [undefined, 'bytes', codec]);
}

/** @param struct what all records are from end to end, where that is a struct */
function drawOp(
  choices: Choices,
  shape: PlanShape,
  keys: readonly Key[],
  struct: Extract<Codec, { readonly kind: 'struct' }> | undefined,
): Omit<StageEntry, 'id'> {
  const writing = struct === undefined;
  const ops = ['identity', 'filter', 'count', 'checksum'];
  if (writing) ops.push('append', 'prepend');
  if (mayFail(shape)) ops.push('reject');
  if (shape.callerOps === true && writing) ops.push('js:mine', 'native:fast.path');
  if (struct !== undefined) ops.push('set_field', 'set_field');
  const op = choices.pick(ops);
  const text = choices.pick(shape.texts ?? TEXTS);
  switch (op) {
    case 'filter':
    case 'reject': {
      const onError = op === 'reject' ? drawOnError(choices, shape) : {};
      const matcher = choices.pick(['contains', 'starts_with', 'ends_with', 'equals']);
      const invert = choices.pick([{}, { invert: true }, { invert: false }]);
      return { op, config: { [matcher]: text, ...invert }, ...onError };
    }
    case 'append':
    case 'prepend':
      return { op, config: { text } };
    case 'count':
      return choices.pick([{ op }, { op, config: {} }, { op, config: { key: choices.pick(keys) } }]);
    case 'set_field':
      return {
        op,
        config: drawFieldWrite(choices, shape, struct?.fields ?? []),
        ...drawOnError(choices, shape),
      };
    case 'js:mine':
    case 'native:fast.path':
      return choices.pick([
        { op },
        { op, config: { any: ['thing', { deep: null, yes: true }], n: 1.5 } },
        { op, config: 7 },
        { op, access: 'read' as const, filters: false },
        { op, room: 8, sink: true, emits: false },
      ]);
    default:
      return { op };
  }
}

const mayFail = ({ failing, onError = [] }: PlanShape): boolean => failing !== false || onError.length > 0;

function drawOnError(choices: Choices, { failing, onError = [] }: PlanShape): { on_error?: OnError } {
  const stops = failing === false ? [] : [{}, { on_error: 'stop' as const }];
  const words = [...(onError.length === 0 ? [{}] : stops), ...onError.map((word) => ({ on_error: word }))];
  return choices.pick(words);
}

/** Constants at the edges of the types, so that some sums do not fit. */
function drawFieldWrite(choices: Choices, shape: PlanShape, fields: readonly StructField[]): SetFieldConfig {
  const { name, type } = choices.pick(fields);
  const others = fields.filter((other) => other.type === type && other.name !== name);
  const [kind = '', size = ''] = type.split(/[()]/);
  const constants = CONSTANTS[kind] ?? [1, 0, 100];
  const ways: SetFieldConfig[] = [{ field: name, value: choices.pick(constants) }];
  if (kind === 'bytes') ways[0] = { field: name, value: choices.pick(['00', 'Fe']).repeat(Number(size)) };
  if (others.length > 0) ways.push({ field: name, from: choices.pick(others).name });
  if (mayFail(shape) && !['bool', 'utf8', 'bytes'].includes(kind))
    ways.push({ field: name, add: choices.pick(constants) as number | string });
  return choices.pick(ways);
}

const CONSTANTS: Readonly<Record<string, readonly FieldConstant[]>> = {
  bool: [true, false],
  utf8: ['', 'user', 'é1'],
  u8: [1, 0, 255],
  i8: [-1, 127, -128],
  i16: [-1, 32_767, 300],
  u32: [1, 4_294_967_295, 70_000],
  u64: [1, '18446744073709551615', 9_007_199_254_740_991],
  i64: [-1, '9223372036854775807', '-9223372036854775808'],
  f32: [0.1, -1.5, 3.4e38],
  f64: [0.1, -2.5e-300, 1.7e308],
};

function drawCodec(choices: Choices, shape: PlanShape): Codec | undefined {
  const json: readonly 'json'[] = shape.json === true ? ['json', 'json'] : [];
  const simple = choices.pick([undefined, 'utf8', 'bytes', ...json] as const);
  if (shape.structs === false || !choices.chance(3)) return simple;
  const types: StructField['type'][] = ['u32', 'u8', 'i64', 'u64', 'f32', 'f64', 'bool', 'bytes(3)', 'utf8(16)', 'i16'];
  const rest = Array.from({ length: choices.between(0, 3) }, (_, index) => ({
    name: `field_${index}`,
    type: choices.pick(types),
  }));
  return { kind: 'struct', fields: [{ name: 'user', type: choices.pick(types) }, ...rest] };
}

const ANY_CODEC_KEYS: readonly Key[] = [
  { kind: 'token', separator: ' ', index: 0 },
  { kind: 'bytes', offset: 0, length: 4 },
  { kind: 'token', separator: '","', index: 2 },
  { kind: 'json', pointer: '/user' },
  { kind: 'json', pointer: '' },
  { kind: 'bytes', offset: 3, length: 1 },
];

function keysFor(codec: Codec | undefined): readonly Key[] {
  return typeof codec === 'object' ? [...ANY_CODEC_KEYS, { kind: 'field', name: 'user' }] : ANY_CODEC_KEYS;
}

function boundary(id: string, kind: BoundaryEntry['kind'], codec: Codec | undefined): BoundaryEntry {
  return codec === undefined ? { id, kind } : { id, kind, codec };
}

function drawRingPlan(choices: Choices, shape: PlanShape): SingleRingPlan {
  const [ingress, egress, ...ids] = drawIds(choices, 2 + choices.between(1, shape.maxStages ?? 8)) as [string, string];
  const codec = drawCodec(choices, shape);
  const drawn = drawCatalog(choices, shape, ids, codec, false);
  const catalog = drawn.entries;
  const shards = choices.between(1, shape.maxShards ?? 4);
  const ordering = shards > 1 ? 'PerKey' : choices.pick([undefined, 'Strict', 'PerKey'] as const);
  return {
    version: 2,
    name: 'ring',
    target: 'SingleRing',
    stages: choices.shuffle(catalog),
    boundaries: choices.shuffle([
      boundary(ingress, 'ingress', codec),
      boundary(egress, 'egress', drawEgressCodec(choices, codec, drawn)),
    ]),
    single_ring: {
      stages: drawDependencies(choices, catalog),
      ...(shards > 1 || choices.chance() ? { shards } : {}),
      ...(ordering === undefined ? {} : { ordering }),
      ...(choices.chance(4) ? { producer: 'Single' as const } : {}),
      ...(choices.chance(4) ? { scheduling: 'Dedicated' as const } : {}),
      ...(shards > 1 ? { shard_key: choices.pick(keysFor(codec)) } : {}),
    },
  };
}

/** Dependencies on earlier stages, with as many added as it takes to keep writers apart. */
function drawDependencies(choices: Choices, catalog: readonly StageEntry[]): RingStage[] {
  const before: Set<number>[] = [];
  return catalog.map((stage, index) => {
    const wanted = new Set<number>();
    for (let earlier = index - 1; earlier >= 0; earlier--) {
      if (choices.chance(earlier === index - 1 ? 2 : 4)) wanted.add(earlier);
    }
    const ancestors = closure(wanted, before);
    for (let earlier = index - 1; earlier >= 0; earlier--) {
      const races = [stage, catalog[earlier] as StageEntry].some(
        (one) => traitsOf(one.op, OP_CATALOG, one)?.access === 'write',
      );
      if (!races || ancestors.has(earlier)) continue;
      wanted.add(earlier);
      for (const one of closure([earlier], before)) ancestors.add(one);
    }
    before.push(ancestors);
    const dependsOn = choices.shuffle([...wanted].map((earlier) => (catalog[earlier] as StageEntry).id));
    return index === 0 && choices.chance() ? { stage: stage.id } : { stage: stage.id, depends_on: dependsOn };
  });
}

function closure(direct: Iterable<number>, before: readonly Set<number>[]): Set<number> {
  const all = new Set<number>(direct);
  for (const one of all) for (const earlier of before[one] ?? []) all.add(earlier);
  return all;
}

interface Outlet {
  readonly id: string;
  readonly codec?: Codec | undefined;
  readonly targets: string[];
}

function drawGraphPlan(choices: Choices, shape: PlanShape): LaneGraphPlan {
  const counts = {
    stages: choices.between(1, shape.maxStages ?? 8),
    inlets: choices.between(1, 3),
    outlets: choices.between(1, 3),
  };
  const ids = drawIds(choices, counts.stages + counts.inlets + counts.outlets);
  // One codec for all ingresses: a field key then has one meaning everywhere.
  const codec = drawCodec(choices, shape);
  const ingresses: Outlet[] = ids.splice(0, counts.inlets).map((id) => ({ id, codec, targets: [] }));
  const egresses = ids.splice(0, counts.outlets);
  const drawn = drawCatalog(choices, shape, ids, codec, true);
  const catalog = drawn.entries;
  const stages: Outlet[] = ids.map((id) => ({ id, targets: [] }));
  connectInward(choices, ingresses, stages);
  const usedEgresses = connectOutward(choices, stages, catalog, egresses);
  const outlets = [...ingresses, ...stages];
  const graphOnFull = choices.pick([undefined, 'Block', 'Drop'] as const);
  const policies = drawPolicies(choices, ingresses, stages, usedEgresses, keysFor(codec));
  const connections = outlets.flatMap((outlet) => drawConnections(choices, shape, outlet, policies.get(outlet.id)));
  return {
    version: 2,
    name: 'graph',
    target: 'LaneGraph',
    stages: choices.shuffle(catalog),
    boundaries: choices.shuffle([
      ...ingresses.map(({ id }) => boundary(id, 'ingress', codec)),
      ...usedEgresses.map((id) => boundary(id, 'egress', drawEgressCodec(choices, codec, drawn))),
    ]),
    lane_graph: {
      connections: choices.shuffle(connections),
      ...(policies.size > 0 ? { boundary_policy: Object.fromEntries(policies) } : {}),
      ...(graphOnFull === undefined ? {} : { on_full: graphOnFull }),
    },
  };
}

/** Every stage reads from something before it, every ingress is read. */
function connectInward(choices: Choices, ingresses: readonly Outlet[], stages: readonly Outlet[]): void {
  for (const [index, stage] of stages.entries()) {
    const earlier = [...ingresses, ...stages.slice(0, index)];
    const first = choices.pick(earlier);
    for (const source of earlier) {
      if (source === first || choices.chance(6)) source.targets.push(stage.id);
    }
  }
  for (const ingress of ingresses) {
    if (ingress.targets.length === 0) ingress.targets.push(choices.pick(stages).id);
  }
}

/** Every stage is read, unless its op is a sink; gives the egresses that are in use. */
function connectOutward(
  choices: Choices,
  stages: readonly Outlet[],
  catalog: readonly StageEntry[],
  egresses: readonly string[],
): string[] {
  const used = new Set<string>();
  for (const [index, stage] of stages.entries()) {
    const { op, ...says } = catalog[index] as StageEntry;
    const sink = traitsOf(op, undefined, says)?.sink === true;
    const needed = stage.targets.length === 0 && !(sink && choices.chance());
    if (!needed && !choices.chance(5)) continue;
    const egress = choices.pick(egresses);
    stage.targets.push(egress);
    used.add(egress);
  }
  return egresses.filter((id) => used.has(id));
}

function drawPolicies(
  choices: Choices,
  ingresses: readonly Outlet[],
  stages: readonly Outlet[],
  egresses: readonly string[],
  keys: readonly Key[],
): Map<string, BoundaryPolicy> {
  const policies = new Map<string, BoundaryPolicy>();
  for (const { id } of ingresses) {
    if (choices.chance())
      policies.set(id, choices.pick(['Broadcast', 'RoundRobin', { kind: 'KeyHash', key: choices.pick(keys) }]));
  }
  for (const id of egresses) {
    if (!choices.chance()) continue;
    const single = sourcesOf(id, ingresses, stages).length === 1;
    policies.set(id, single ? choices.pick(['Ordered', 'Interleave']) : 'Interleave');
  }
  return policies;
}

function sourcesOf(id: string, ingresses: readonly Outlet[], stages: readonly Outlet[]): Outlet[] {
  const behind = new Set([id]);
  for (const one of behind) {
    for (const outlet of [...ingresses, ...stages]) if (outlet.targets.includes(one)) behind.add(outlet.id);
  }
  return ingresses.filter((ingress) => behind.has(ingress.id));
}

function drawConnections(
  choices: Choices,
  shape: PlanShape,
  outlet: Outlet,
  policy: BoundaryPolicy | undefined,
): Connection[] {
  const kinds = shape.lanes ?? ['Events', 'Journal', 'SequencedSlots', 'FanoutBroadcast'];
  const mayBroadcast = kinds.includes('FanoutBroadcast') && (policy === undefined || policy === 'Broadcast');
  const others = kinds.filter((kind) => kind !== 'FanoutBroadcast');
  const shared = new Set(
    mayBroadcast && (choices.chance(3) || others.length === 0) ? outlet.targets.filter(() => !choices.chance(4)) : [],
  );
  const fanout: Lane = { kind: 'FanoutBroadcast', consumers: Math.max(1, shared.size), ...drawCapacity(choices) };
  const fanoutOnFull = drawOnFull(choices);
  return outlet.targets.map((to) =>
    shared.has(to)
      ? { from: outlet.id, to, lane: fanout, ...fanoutOnFull }
      : {
          from: outlet.id,
          to,
          lane: drawLane(choices, others.length > 0 ? others : ['Events']),
          ...drawOnFull(choices),
        },
  );
}

function drawOnFull(choices: Choices): { on_full?: OnFull } {
  return choices.pick([{}, { on_full: 'Block' as const }, { on_full: 'Drop' as const }]);
}

function drawCapacity(choices: Choices): { capacity_bytes?: number } {
  return choices.pick([{}, { capacity_bytes: 65_536 }, { capacity_bytes: 5000 }]);
}

function drawLane(choices: Choices, kinds: readonly Lane['kind'][]): Lane {
  switch (choices.pick(kinds)) {
    case 'Journal':
      return {
        kind: 'Journal',
        ...choices.pick([
          {},
          { fsync: 'none' as const },
          { fsync: 'each_batch' as const },
          { fsync: { interval_ms: 5 } },
        ]),
        ...choices.pick([{}, { segment_bytes: 1 << 16 }]),
        ...choices.pick([{}, { retain_bytes: 1 << 20 }, { retain_ms: 60_000 }]),
      };
    case 'SequencedSlots':
      return { kind: 'SequencedSlots', capacity: choices.pick([64, 1, 1000]), gating: 4 };
    default:
      return { kind: 'Events', ...drawCapacity(choices) };
  }
}
