/** What a conformance run of a LaneGraph is made of, drawn so that it shrinks: a plan with sizes, records, ends, options. */

import type fc from 'fast-check';
import { layoutOf } from '../../lib/plan/codec-layout.js';
import type { Codec, Connection, Lane, LaneGraphPlan } from '../../lib/plan/document.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { arbitraryGraphPlan, type PlanShape } from '../support/arbitrary-plan.js';
import { arbitraryChoices, type Choices } from '../support/choices.js';
import { drawInput, type Input, type Sink, type Source, sinksOf } from './cases.js';
import { GraphInterpreter } from './graph-interpreter.js';
import { type Line, splitLines } from './lines.js';
import { drawHosting, type Hosting } from './own-code.js';

export interface GraphSource {
  readonly source: Source;
  readonly inputs: readonly Input[];
  /** What the ingress gets: the records, or the lines of the file that their bytes are. */
  readonly lines: readonly Line[];
  readonly file: Uint8Array;
}

export interface GraphCase {
  readonly plan: LaneGraphPlan;
  readonly sources: Readonly<Record<string, GraphSource>>;
  readonly sinks: Readonly<Record<string, Sink>>;
  /** Without wait, threads, ports and stages. */
  readonly options: OpenOptions;
  readonly hosting: Hosting;
}

const SOURCES: readonly Source[] = ['tryPush', 'push', 'pushBatch', 'claim', 'lines'];
/** What a case may grow to: broadcasts multiply, and a machine under load takes its time. */
const ITEMS_MAX = 3000;

/** Records of a graph; without an end in sight they would have none. */
export const linesOf = ({ sources }: GraphCase): Record<string, readonly Line[]> =>
  Object.fromEntries(Object.entries(sources).map(([id, { lines }]) => [id, lines]));

function drawSource(choices: Choices, codec: Codec | undefined, most: number): GraphSource {
  const struct = typeof codec === 'object';
  const source = choices.pick(SOURCES.filter((one) => !(struct && one === 'lines')));
  const inputs = Array.from({ length: choices.below(most + 1) }, () => drawInput(choices, codec, source));
  if (source !== 'lines')
    return { source, inputs, lines: inputs.map(({ bytes }) => ({ bytes, terminator: '\n' })), file: new Uint8Array() };
  const file = Buffer.concat(
    inputs.flatMap(({ bytes }, index) => {
      const last = index === inputs.length - 1 && index % 2 === 0;
      return [bytes, Buffer.from(last ? '' : index % 5 === 3 ? '\r\n' : '\n')];
    }),
  );
  return { source, inputs, lines: splitLines(file), file };
}

/** A lane that is just large enough for its longest record, or a little larger. */
function sized(choices: Choices, lane: Lane, longest: number): Lane {
  switch (lane.kind) {
    case 'SequencedSlots':
      return { ...lane, capacity: choices.pick([1, 2, 3, 4, 64]) };
    case 'Journal':
      return lane;
    default: {
      const least = Math.max(64, 2 * (Math.ceil(longest / 8) * 8 + 16));
      return { ...lane, capacity_bytes: least + choices.pick([0, 0, 8, 24, 100, 5000]) };
    }
  }
}

const without = (connection: Connection): Connection => {
  const { on_full: _, ...rest } = connection;
  return rest;
};

/** Capacities by what really passes each lane; the connections of one broadcast agree. */
function withSizes(choices: Choices, plan: LaneGraphPlan, longest: readonly number[]): LaneGraphPlan {
  const shared = new Map<string, Lane>();
  const connections = plan.lane_graph.connections.map((connection, index) => {
    const { from, lane } = connection;
    if (lane.kind !== 'FanoutBroadcast') return { ...connection, lane: sized(choices, lane, longest[index] ?? 0) };
    const most = Math.max(
      ...plan.lane_graph.connections.map((one, at) => (one.from === from ? (longest[at] ?? 0) : 0)),
    );
    const agreed = shared.get(from) ?? sized(choices, lane, most);
    shared.set(from, agreed);
    return { ...connection, lane: agreed };
  });
  return { ...plan, lane_graph: { ...plan.lane_graph, connections } };
}

/** Egresses that read whatever comes, as bytes: a struct that a stage has written to is none any more. */
function withPlainEgresses(plan: LaneGraphPlan): LaneGraphPlan {
  const boundaries = plan.boundaries.map(({ id, kind, codec }) =>
    kind === 'ingress' && codec !== undefined ? { id, kind, codec } : { id, kind },
  );
  return { ...plan, boundaries };
}

function blocking(plan: LaneGraphPlan): LaneGraphPlan {
  const { on_full: _, ...graph } = plan.lane_graph;
  return { ...plan, lane_graph: { ...graph, connections: graph.connections.map(without) } };
}

export interface CaseShape extends PlanShape {
  /** Connections may drop. */
  readonly drops?: boolean;
}

function drawCase(choices: Choices, drawn: LaneGraphPlan, drops: boolean): GraphCase {
  const plain = withPlainEgresses(drops ? drawn : blocking(drawn));
  const ingresses = plain.boundaries.filter(({ kind }) => kind === 'ingress');
  const most = choices.chance(6) ? 120 : 14;
  const sources = Object.fromEntries(ingresses.map(({ id, codec }) => [id, drawSource(choices, codec, most)]));
  const egresses = plain.boundaries.filter(({ kind }) => kind === 'egress');
  const sinks = Object.fromEntries(egresses.map(({ id }) => [id, choices.pick(sinksOf(plain))]));
  const records = Object.fromEntries(Object.entries(sources).map(([id, { lines }]) => [id, lines]));
  const { connections } = new GraphInterpreter(plain).run({ records });
  const longest = connections.map(({ items }) => Math.max(0, ...items.map(({ bytes }) => bytes.length)));
  const plan = withSizes(choices, plain, longest);
  const all = Object.values(records).flat();
  // What an ingress is asked for, at least one byte: a codec of fixed size says its size itself.
  // An ingress of structs needs room for one, also where no record comes.
  const structs = plan.boundaries.map(({ codec }) => layoutOf(codec)?.size ?? 1);
  const recordMax = Math.max(...structs, ...all.map(({ bytes }) => bytes.length));
  const options: OpenOptions = {
    pin: false,
    recordMax,
    laneBytes: choices.pick([64, 64, 100, 65_536]),
    batchRecords: choices.pick([256, 1, 3]),
    firstSequence: choices.pick([0, 2 ** 31 - 3, 2 ** 32 - 3, 2 ** 33 - 2, 2 ** 40 + 2 ** 31 - 5]),
  };
  return { plan, sources, sinks, options, hosting: drawHosting(choices) };
}

export function arbitraryGraphCase({ drops = false, ...shape }: CaseShape): fc.Arbitrary<GraphCase> {
  return arbitraryGraphPlan({
    onError: ['drop', 'pass'],
    maxStages: 7,
    lanes: ['Events', 'SequencedSlots', 'FanoutBroadcast'],
    ...shape,
  })
    .chain((plan) => arbitraryChoices(1200).map((choices) => drawCase(choices, plan, drops)))
    .filter((one) => {
      const { connections } = new GraphInterpreter(one.plan).run({ records: linesOf(one) });
      return connections.reduce((sum, { items }) => sum + items.length, 0) <= ITEMS_MAX;
    });
}
