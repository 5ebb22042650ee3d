/**
 * The ends of a LaneGraph: each ingress writes one lane, each egress reads one. Lanes of frames have ends of their own;
 * a SequencedSlots lane is a shard without stages, so the ends of a shard work on it.
 */

import type { NativePipeline } from '../abi/addon.js';
import { ConsumerBlock, enums, NONE, ProducerBlock, Slot } from '../abi/definition.js';
import {
  type LanePlaces,
  type LaneReader,
  lanePlaces,
  type Region,
  RegionError,
  type RingPlaces,
  readableCell,
  readableFrom,
  releasedCell,
} from '../region/region.js';
import type { Border } from './border.js';
import type { PipelineEnds, PushEnd } from './ends.js';
import { FrameConsumer } from './frame-consumer.js';
import { FrameProducer } from './frame-producer.js';
import type { RecordConsumer } from './record-ends.js';
import { ShardConsumer } from './shard-consumer.js';
import { ShardProducer } from './shard-producer.js';

const { Js, Native } = enums.PortCode;
const { Ingress, Egress } = enums.AgentKind;

interface ReadLane {
  readonly places: LanePlaces;
  readonly reader: LaneReader;
}

export function graphEnds(native: NativePipeline, border: Border, region: Region): PipelineEnds {
  const { written, read } = jsLanes(region);
  return {
    isJs: (id, kind) => (kind === 'ingress' ? written : read).has(id),
    push: (id, leastRecord) => pushEnd(native, border, region, written.get(id) as LanePlaces, leastRecord),
    poll: (id) => [readingEnd(native, border, region, read.get(id) as ReadLane)],
    writerEnded: (id) => writerEnded(border, (read.get(id) as ReadLane).places),
    taken: () => [...read.values()].every((lane) => unread(border, lane) <= 0),
    unread: (id) => unread(border, read.get(id) as ReadLane),
  };
}

/** The lanes that JavaScript touches, by the boundary on its side. */
function jsLanes(region: Region): { written: Map<string, LanePlaces>; read: Map<string, ReadLane> } {
  const written = new Map<string, LanePlaces>();
  const read = new Map<string, ReadLane>();
  const { agents, lanes } = region;
  for (const [index, agent] of agents.entries()) {
    if (agent.u32('thread') !== NONE) continue;
    const kind = agent.u32('kind');
    const id = region.agentId(agent);
    const outward = kind === Ingress;
    if (!outward && kind !== Egress) continue;
    const at = agent.u64(outward ? 'outlets_offset' : 'inlets_offset');
    const lane = lanes[region.u32List(at, 1)[0] as number];
    if (lane === undefined) throw new RegionError(`boundary "${id}" has no lane: the region is damaged`);
    const places = lanePlaces(region, lane);
    if (outward) {
      if (places.writerPort === Js) written.set(id, places);
      continue;
    }
    const reader = places.readers.find((candidate) => candidate.agent === index);
    if (reader === undefined) throw new RegionError(`lane "${places.id}" has no reader "${id}": the region is damaged`);
    read.set(id, { places, reader });
  }
  return { written, read };
}

function pushEnd(
  native: NativePipeline,
  border: Border,
  region: Region,
  places: LanePlaces,
  leastRecord: number,
): PushEnd {
  const producer = places.framed
    ? new FrameProducer(native, border, region, places, leastRecord)
    : new ShardProducer(native, border, region, slotPlaces(places));
  const { journalAt: blockAt, producerAt } = places;
  return {
    producers: [producer],
    drops: places.drops,
    lane: places.id,
    journal: blockAt === 0 ? undefined : { blockAt, producerAt },
    producersAt: [producerAt],
    roomWords: () =>
      places.framed
        ? `a record of ${producer.freeBytes()} bytes fits the lane of ${places.capacity} bytes`
        : `${producer.freeRecords()} of ${places.capacity} slots are free`,
  };
}

function readingEnd(
  native: NativePipeline,
  border: Border,
  region: Region,
  { places, reader }: ReadLane,
): RecordConsumer {
  return places.framed
    ? new FrameConsumer(native, border, region, places, reader)
    : new ShardConsumer(native, border, region, slotPlaces(places, reader));
}

/** SYNC POINT S3: a thread that sees closed sees the final cell. What a journal's files still hand over is not known here. */
const writerEnded = (border: Border, places: LanePlaces): boolean =>
  places.filesAt === 0 && border.load(places.producerAt + ProducerBlock.offset.closed) !== 0;

/** What a reader of JavaScript has not given back yet, in the lane's units. */
function unread(border: Border, { places, reader }: ReadLane): number {
  return readableFrom(border, readableCell(places), places.stopBeforeAt, border.load(releasedCell(reader)));
}

/**
 * A SequencedSlots lane as the ends of a shard see it. Readers wait for the writer alone, whose cursor stands where
 * a stage's sequence does in its block; gating cells without a reader hold no writer back and are left out.
 */
function slotPlaces(lane: LanePlaces, reader?: LaneReader): RingPlaces {
  if (ProducerBlock.offset.cursor !== ConsumerBlock.offset.sequence)
    throw new RegionError('a cursor and a sequence no longer stand at the same place of their blocks');
  const { fixed } = lane;
  return {
    shard: 0,
    fixed,
    capacity: lane.capacity,
    slotCount: lane.slotCount,
    slotStride: fixed ? lane.memoryBytes / lane.slotCount : Slot.size,
    recordBytes: fixed ? lane.recordMax : 0,
    wordBytes: 0,
    recordMax: lane.recordMax,
    headroom: 0,
    tailroom: 0,
    arenaBytes: fixed ? 0 : lane.memoryBytes,
    ingressPort: lane.writerPort,
    egressPort: reader?.js === true ? Js : Native,
    slotsAt: fixed ? lane.dataAt : lane.slotsAt,
    arenaAt: lane.dataAt,
    producerAt: lane.producerAt,
    producerStampsAt: lane.stampsAt,
    egressAt: reader?.at ?? 0,
    egressHistogramAt: reader?.histogramAt ?? 0,
    stampCount: lane.stampCount,
    gatesAt: lane.readers.map(({ at }) => at),
    terminalsAt: [lane.producerAt],
    terminalStampsAt: [lane.stampsAt],
    marksAt: [],
    publishWakes: lane.publishWakes,
    releaseWakes: lane.releaseWakes,
  };
}
