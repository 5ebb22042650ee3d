/**
 * Tables of a region by the numbers of their words. A snapshot of a large pipeline reads some hundred thousand fields of
 * thousands of rows, most of them before its code is compiled: there a row is the number of its first word, and no object.
 * `Block` reads a struct by names and is what everything else uses. Control path; any thread that sees the region.
 */
import { AgentEntry, HISTOGRAM_COUNTS, LaneBlock, NAME_BYTES_MAX } from '../abi/definition.js';
import type { StructLayout } from '../abi/struct.js';
import type { HistogramSum } from './histogram.js';
import { type Region, RegionError } from './region.js';

const WORD = Uint32Array.BYTES_PER_ELEMENT;
const TWO_32 = 2 ** 32;

/** Place of each field among the words of its struct. */
export const fieldWords = <Name extends string>({ offset }: StructLayout<Name>): Readonly<Record<Name, number>> =>
  Object.fromEntries(Object.entries<number>(offset).map(([name, at]) => [name, Math.floor(at / WORD)])) as Record<
    Name,
    number
  >;

export const AGENT = fieldWords(AgentEntry);
export const LANE = fieldWords(LaneBlock);

/** Rows of one struct, one behind the other, all of them inside the region. */
export interface Table {
  /** Word of the first row. */
  readonly first: number;
  /** Words of a row. */
  readonly stride: number;
  readonly count: number;
}

function tableOf(region: Region, layout: StructLayout, at: number, count: number): Table {
  region.check(at, count * layout.size, `a table of ${count} ${layout.name}`);
  return { first: at / WORD, stride: layout.size / WORD, count };
}

export const agentTable = (region: Region): Table =>
  tableOf(region, AgentEntry, region.header.u64('agents_offset'), region.header.u32('agent_count'));

/** Of a LaneGraph. */
export const laneTable = (region: Region): Table =>
  tableOf(region, LaneBlock, region.header.u64('lanes_offset'), region.header.u32('lane_count'));

/**
 * The 64-bit number in two words, of a field that is written before a region can be seen: one that changes could be torn.
 * Without a BigInt, of which a large snapshot would make tens of thousands, nor a double where the upper half is 0.
 */
export function placeAt(words: Uint32Array, word: number): number {
  const high = words[word + 1] as number;
  return high === 0 ? (words[word] as number) : high * TWO_32 + (words[word] as number);
}

/**
 * Word of the struct whose place stands at `word`.
 * @throws RegionError when it does not lie in the region.
 */
export function structAt(region: Region, word: number, layout: StructLayout): number {
  const at = placeAt(region.words, word);
  // The check is called where it throws only: a snapshot follows a place or two a row.
  if (at % 8 !== 0 || at + layout.size > region.observableBytes) region.check(at, layout.size, layout.name);
  return at / WORD;
}

/**
 * Word of the first of `count` numbers of `bytes` bytes each, whose place stands at `word`.
 * @throws RegionError when they do not lie in the region.
 */
export function listAt(region: Region, word: number, count: number, bytes: 4 | 8): number {
  if (count === 0) return 0;
  const at = placeAt(region.words, word);
  if (at % bytes !== 0 || at + count * bytes > region.observableBytes)
    throw new RegionError(`a list of ${count} at ${at} does not lie in the ${region.observableBytes} bytes seen`);
  return at / WORD;
}

/**
 * Adds the histogram at `at` to a sum.
 * @throws RegionError when it does not lie in the region.
 */
export function addHistogram(region: Region, at: number, sum: HistogramSum): void {
  region.check(at, HISTOGRAM_COUNTS * WORD, 'a histogram');
  sum.add(region.words, region.doubles, at / WORD);
}

/**
 * The ids of all rows. A table's texts stand one behind the other, so they are decoded in one go and cut up: a decoder costs
 * more to call than to run. Where a character has more than a byte, or texts stand elsewhere, each is decoded alone.
 */
function idsOf(region: Region, { first, stride, count }: Table, idOffset: number, idLength: number): string[] {
  const { words } = region;
  const ids = new Array<string>(count);
  const low = count === 0 ? 0 : placeAt(words, first + idOffset);
  const last = first + (count - 1) * stride;
  const bytes = count === 0 ? 0 : placeAt(words, last + idOffset) + (words[last + idLength] as number) - low;
  const together = bytes > 0 && bytes <= count * NAME_BYTES_MAX ? region.text(low, bytes) : '';
  const end = together.length === bytes ? bytes : 0;
  for (let index = 0, row = first; index < count; index++, row += stride) {
    const at = placeAt(words, row + idOffset);
    const from = at - low;
    const to = from + (words[row + idLength] as number);
    ids[index] = from >= 0 && to <= end ? together.slice(from, to) : region.text(at, to - from);
  }
  return ids;
}

export const agentIds = (region: Region, agents = agentTable(region)): string[] =>
  idsOf(region, agents, AGENT.id_offset, AGENT.id_length);

export const laneIds = (region: Region, lanes = laneTable(region)): string[] =>
  idsOf(region, lanes, LANE.id_offset, LANE.id_length);
