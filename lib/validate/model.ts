/**
 * The plan as the rules look at it: only what is sound on its own. The shape pass has already reported everything
 * else, so a rule meets `undefined` there and keeps quiet; that is how one cause gives one error. Pure; any thread.
 */
import { parseScalar } from '../plan/codec-layout.js';
import { DECLARATION_FIELDS } from '../plan/declarations.js';
import type { BoundaryPolicy, Codec, Key, Lane, OnFull, OpDeclarations } from '../plan/document.js';
import type { Finding } from '../plan/finding.js';
import { type OpCatalog, type OpTraits, traitsOf } from '../plan/op-catalog.js';
import { declarationPart, PARTS, sound } from '../plan/parts.js';
import { under } from '../plan/pointer.js';
import type { DiagnosticCode } from './codes.js';

/** The features of the LaneGraph that an addon may be built without. */
export interface Features {
  /** Journal lanes. */
  readonly lane_graph_journal: boolean;
  /** FanoutBroadcast lanes. */
  readonly lane_graph_fanout: boolean;
}

export interface StageNode {
  readonly index: number;
  readonly path: string;
  readonly id: string | undefined;
  readonly op: string | undefined;
  /** Undefined where the op is unknown, or what its entry says of it is not sound. */
  readonly traits: OpTraits | undefined;
  /** What the entry declares of the op; undefined where something of it is not sound. */
  readonly says: OpDeclarations | undefined;
  readonly config: unknown;
}

export interface BoundaryNode {
  readonly index: number;
  readonly path: string;
  readonly id: string | undefined;
  readonly kind: 'ingress' | 'egress' | undefined;
  /** `bytes` where the plan leaves it out; undefined where what stands there is not sound. */
  readonly codec: Codec | undefined;
  /** The names in a struct, as far as they are all sound, also where something else of the codec is not. */
  readonly fieldNames: readonly string[] | undefined;
}

export interface RingEntry {
  readonly index: number;
  readonly path: string;
  readonly stage: string | undefined;
  /** `absent`: left out. Items that are not sound ids are undefined. The whole is undefined where it is not a list. */
  readonly dependsOn: readonly (string | undefined)[] | 'absent' | undefined;
}

export interface RingNode {
  readonly entries: readonly RingEntry[];
  /** The payload as written, for the rules about single fields. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface ConnectionNode {
  readonly index: number;
  readonly path: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly lane: Lane | undefined;
  /** The effective value: the connection's, else the graph's, else `Block`; undefined where that is not sound. */
  readonly onFull: OnFull | undefined;
}

export interface GraphNode {
  readonly connections: readonly ConnectionNode[];
  /** Boundary id → policy, undefined where the policy is not sound. */
  readonly policies: ReadonlyMap<string, BoundaryPolicy | undefined>;
}

export interface Model {
  readonly target: 'SingleRing' | 'LaneGraph' | undefined;
  readonly stages: readonly StageNode[];
  readonly boundaries: readonly BoundaryNode[];
  /** Undefined where there is no payload to look into (missing, superfluous, not a map, no sound list in it). */
  readonly ring: RingNode | undefined;
  readonly graph: GraphNode | undefined;
  readonly features: Features;
  readonly catalog: OpCatalog;
  /** True where the catalog of stages (of boundaries) is a list: otherwise nothing can be said about names. */
  readonly hasStages: boolean;
  readonly hasBoundaries: boolean;
  readonly document: unknown;
  /** Places that the shape pass has dealt with: a rule that would report one as missing keeps quiet. */
  readonly accounted: ReadonlySet<string>;
}

/** A finding of a rule; the code table supplies the severity. */
export type Noted = Omit<Finding, 'severity' | 'code'> & { readonly code: DiagnosticCode };
export type Note = (finding: Noted) => void;

type Raw = Readonly<Record<string, unknown>>;

export function buildModel(
  document: unknown,
  accounted: ReadonlySet<string>,
  features: Features,
  catalog: OpCatalog,
): Model {
  const plan = asMap(document) ?? {};
  const target = plan.target === 'SingleRing' || plan.target === 'LaneGraph' ? plan.target : undefined;
  const ring = target === 'LaneGraph' ? undefined : asMap(plan.single_ring);
  const graph = target === 'SingleRing' ? undefined : asMap(plan.lane_graph);
  return {
    target,
    stages: asList(plan.stages).map((entry, index) => stageNode(entry, index, catalog)),
    boundaries: asList(plan.boundaries).map(boundaryNode),
    ring: ring && { raw: ring, entries: asList(ring.stages).map(ringEntry) },
    graph: graph && Array.isArray(graph.connections) ? graphNode(graph) : undefined,
    features,
    catalog,
    hasStages: Array.isArray(plan.stages),
    hasBoundaries: Array.isArray(plan.boundaries),
    document,
    accounted,
  };
}

function stageNode(entry: unknown, index: number, catalog: OpCatalog): StageNode {
  const raw = asMap(entry) ?? {};
  const op = typeof raw.op === 'string' ? raw.op : undefined;
  const says = soundDeclarations(raw);
  return {
    index,
    path: under('/stages', index),
    id: sound(PARTS.id, raw.id),
    op,
    traits: op === undefined || says === undefined ? undefined : traitsOf(op, catalog, says, raw.config),
    says,
    config: raw.config,
  };
}

function soundDeclarations(raw: Raw): OpDeclarations | undefined {
  const stated = DECLARATION_FIELDS.filter((field) => raw[field] !== undefined);
  const values = stated.map((field) => [field, sound(declarationPart(field), raw[field])] as const);
  return values.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(values);
}

function boundaryNode(entry: unknown, index: number): BoundaryNode {
  const raw = asMap(entry) ?? {};
  return {
    index,
    path: under('/boundaries', index),
    id: sound(PARTS.id, raw.id),
    kind: raw.kind === 'ingress' || raw.kind === 'egress' ? raw.kind : undefined,
    codec: raw.codec === undefined ? 'bytes' : soundCodec(raw.codec),
    fieldNames: soundNames(raw.codec),
  };
}

function soundNames(codec: unknown): readonly string[] | undefined {
  const { kind, fields } = asMap(codec) ?? {};
  if (kind !== 'struct' || !Array.isArray(fields)) return undefined;
  const names = fields.map((field) => sound(PARTS.fieldName, asMap(field)?.name));
  return names.every((name) => name !== undefined) && new Set(names).size === names.length ? names : undefined;
}

function soundCodec(value: unknown): Codec | undefined {
  const codec = sound(PARTS.codec, value);
  if (typeof codec !== 'object' || codec.kind !== 'struct') return codec;
  const names = new Set(codec.fields.map((field) => field.name));
  const typed = codec.fields.every((field) => parseScalar(field.type) !== undefined);
  return typed && names.size === codec.fields.length ? codec : undefined;
}

function ringEntry(entry: unknown, index: number): RingEntry {
  const raw = asMap(entry) ?? {};
  const list = raw.depends_on;
  const dependsOn =
    list === undefined ? 'absent' : Array.isArray(list) ? list.map((id) => sound(PARTS.id, id)) : undefined;
  return {
    index,
    path: under('/single_ring/stages', index),
    stage: sound(PARTS.id, raw.stage),
    // An entry that is not a map at all has said nothing about its dependencies either way.
    dependsOn: asMap(entry) === undefined ? undefined : dependsOn,
  };
}

function graphNode(raw: Raw): GraphNode {
  const policies = Object.entries(asMap(raw.boundary_policy) ?? {});
  return {
    connections: asList(raw.connections).map((entry, index) => connectionNode(entry, index, raw.on_full)),
    policies: new Map(policies.map(([id, policy]) => [id, sound(PARTS.boundaryPolicy, policy)])),
  };
}

function connectionNode(entry: unknown, index: number, graphOnFull: unknown): ConnectionNode {
  const raw = asMap(entry) ?? {};
  return {
    index,
    path: under('/lane_graph/connections', index),
    from: sound(PARTS.id, raw.from),
    to: sound(PARTS.id, raw.to),
    lane: sound(PARTS.lane, raw.lane) as Lane | undefined,
    onFull: sound(
      PARTS.onFull,
      raw.on_full !== undefined ? raw.on_full : graphOnFull === undefined ? 'Block' : graphOnFull,
    ),
  };
}

/** The key at a place, if it is sound. */
export function soundKey(value: unknown): Key | undefined {
  return sound(PARTS.key, value);
}

export function asMap(value: unknown): Raw | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : undefined;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
