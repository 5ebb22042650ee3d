/**
 * The lanes of letters of one opening: one for each stage with `on_error: dead_letter`, in a ring one a shard, because a lane has
 * one writer, and one for each boundary that has it, whose adapter is one thread. One agent reads them all and writes the files. They are no part of the spec: which there are follows from it, here
 * and in native/graph/letters.hpp, whose order this is. Pure; any thread.
 */

import {
  ARENA_BYTES_MAX,
  CAUSE_BYTES_MAX,
  ConsumerBlock,
  FRAME_ALIGN,
  FRAME_HEADER_BYTES,
  HISTOGRAM_COUNTS,
  LaneBlock,
  LETTER_LINE_BYTES,
  LETTERS_LANE_BYTES,
  LetterHeader,
  ProducerBlock,
  SAMPLE_SHIFT,
} from '../abi/definition.js';
import type { BoundarySpec, Spec, StageSpec } from '../lower/spec.js';
import { utf8Length } from '../plan/utf8.js';
import type { LaneMemory, PartPlaces } from './places.js';
import { framedRecordMax, PAGE_BYTES, powerOfTwo, roundUp, type Walk } from './region-walk.js';

const HISTOGRAM_BYTES = HISTOGRAM_COUNTS * Uint32Array.BYTES_PER_ELEMENT;
const ENDS_BYTES = ProducerBlock.size + ConsumerBlock.size + HISTOGRAM_BYTES;

/** Id of the agent that writes letters: no author's id has a colon. */
export const LETTERS_AGENT = 'dead:letters';

export interface LetterLane {
  /** `stage->dead:letters`, with several shards `stage/shard->dead:letters`. */
  readonly id: string;
  /** Id of the stage or boundary. */
  readonly from: string;
  readonly shard: number;
  /** Of a graph, the role that writes it; of a ring, the entry, and of its ends the ingress's. */
  readonly writer: number;
  /** It is an ingress: a line that it cannot take may be longer than any record. */
  readonly isIngress: boolean;
}

const writesLetters = (element: StageSpec | BoundarySpec | undefined): boolean => element?.onError === 'DeadLetter';

const laneOf = (id: string, writer: number, shard: number, shards: number): LetterLane => ({
  id: `${id}${shards > 1 ? `/${shard}` : ''}->${LETTERS_AGENT}`,
  from: id,
  shard,
  writer,
  isIngress: false,
});

/** Shard by shard in the order of the entries, then those of the ingress and the egress; of a graph in the order of the roles. */
export function letterLanes(spec: Spec): readonly LetterLane[] {
  if (spec.target === 'LaneGraph')
    return spec.roles.flatMap(({ kind, index, id }, role) => {
      const isIngress = kind === 'Ingress';
      const elements = isIngress || kind === 'Egress' ? spec.boundaries : kind === 'Stage' ? spec.stages : [];
      return writesLetters(elements[index ?? 0]) ? [{ ...laneOf(id, role, 0, 1), isIngress }] : [];
    });
  const { shards, stages, ingress, egress } = spec;
  const entries = spec.entries.map(({ stage }) => stages[stage]);
  const ofStages = Array.from({ length: shards }, (_, shard) =>
    entries.flatMap((stage, entry) =>
      stage !== undefined && writesLetters(stage) ? [laneOf(stage.id, entry, shard, shards)] : [],
    ),
  ).flat();
  return [
    ...ofStages,
    ...(writesLetters(ingress) ? [{ ...laneOf(ingress.id, 0, 0, 1), isIngress: true }] : []),
    ...(writesLetters(egress) ? [laneOf(egress.id, 0, 0, 1)] : []),
  ];
}

/** Agents that write letters. */
export const letterAgents = (spec: Spec): number => (letterLanes(spec).length === 0 ? 0 : 1);

/** Bytes of lists: of each lane its reader, the agent, and whom either end wakes; of the agent its lanes and their writers. */
export const letterListBytes = (lanes: readonly LetterLane[]): number => 48 * lanes.length;

export const letterTextBytes = (lanes: readonly LetterLane[]): number =>
  lanes.reduce((sum, { id }) => sum + utf8Length(id), lanes.length === 0 ? 0 : utf8Length(LETTERS_AGENT));

/** @param longest bytes of the longest record that the element receives */
function sizesOf({ isIngress }: LetterLane, longest: number) {
  const wanted = LetterHeader.size + CAUSE_BYTES_MAX + Math.max(longest, isIngress ? LETTER_LINE_BYTES : 0);
  const least = powerOfTwo(2 * (roundUp(wanted, FRAME_ALIGN) + FRAME_HEADER_BYTES));
  const bytes = Math.min(ARENA_BYTES_MAX, Math.max(LETTERS_LANE_BYTES, least));
  return {
    layout: 'Framed',
    capacity: bytes,
    slot_count: 0,
    slot_stride: 0,
    word_bytes: 0,
    record_max: Math.min(wanted, framedRecordMax(bytes)),
    memory_bytes: bytes,
    stamp_count: Math.max(1, Math.floor(bytes / FRAME_HEADER_BYTES) >> SAMPLE_SHIFT),
  } as const;
}

/** Gives the lanes their places beside those of a ring or of a graph, table by table in the order of its walk. */
export class LetterPlaces {
  readonly #walk: Walk;
  readonly #sizes: readonly ReturnType<typeof sizesOf>[];
  #ends: readonly Pick<PartPlaces, 'producer' | 'consumers'>[] = [];
  #times: readonly Pick<PartPlaces, 'stamps' | 'histograms'>[] = [];

  /** @param longest of each lane's element the longest record that it receives, bytes */
  constructor(walk: Walk, lanes: readonly LetterLane[], longest: (lane: LetterLane) => number) {
    this.#walk = walk;
    this.#sizes = lanes.map((lane) => sizesOf(lane, longest(lane)));
  }

  walkEnds(): void {
    this.#ends = this.#sizes.map(() => ({
      producer: this.#walk.pieces('producers', 1, ProducerBlock.size),
      consumers: this.#walk.pieces('consumers', 1, ConsumerBlock.size),
    }));
  }

  walkTimes(): void {
    this.#times = this.#sizes.map(({ stamp_count }) => ({
      stamps: this.#walk.array('stamps', stamp_count, Float64Array.BYTES_PER_ELEMENT),
      histograms: this.#walk.array('histograms', 1, HISTOGRAM_BYTES),
    }));
  }

  /** What each takes. */
  memory(lanes: readonly LetterLane[]): readonly LaneMemory[] {
    return this.#sizes.map((sizes, lane) => ({
      id: lanes[lane]?.id ?? '',
      capacity: sizes.capacity,
      recordMax: sizes.record_max,
      slotCount: 0,
      fixed: false,
      dataBytes: sizes.memory_bytes,
      stampCount: sizes.stamp_count,
      bytes: LaneBlock.size + ENDS_BYTES + sizes.stamp_count * Float64Array.BYTES_PER_ELEMENT + sizes.memory_bytes,
    }));
  }

  /** After the two others. */
  walkRecords(): readonly PartPlaces[] {
    return this.#sizes.map((sizes, lane) => ({
      ...sizes,
      ...(this.#ends[lane] as Pick<PartPlaces, 'producer' | 'consumers'>),
      ...(this.#times[lane] as Pick<PartPlaces, 'stamps' | 'histograms'>),
      journal: 0,
      files: 0,
      marks: 0,
      slots: 0,
      ordinals: 0,
      data: this.#walk.pieces('letters', 1, sizes.memory_bytes, PAGE_BYTES),
    }));
  }
}
