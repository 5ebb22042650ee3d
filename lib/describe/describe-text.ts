/** A Description as lines for a person. Pure; any thread. */

import type { GraphMemory } from '../layout/graph-memory.js';
import { LETTERS_AGENT } from '../layout/letters.js';
import type { MemoryPlan, MemoryRow } from '../layout/memory.js';
import { byteWords, configWords, cut, keyWords, listWords, onErrorWords } from '../plan/element-words.js';
import { oneOf } from '../plan/words.js';
import type { GraphLaneReport } from '../version/report.js';
import type { DescribedBoundary, DescribedStage, Description, RingDescription } from './describe.js';
import type { GraphDescription } from './describe-graph.js';
import { ownStageRows } from './own-stages.js';
import { columns, indented } from './text-columns.js';

/** Hex digits of an id that people compare. */
const ID_CHARS = 12;

const section = (title: string, lines: readonly string[]): string[] => ['', title, ...indented(lines)];

function heading(description: RingDescription): string[] {
  const { name, target, id, drawing } = description;
  const title = `${name}  ${target}  version ${id.slice(0, ID_CHARS)}`;
  return drawing === null ? [title] : [title, '', ...indented(drawing)];
}

/** What is passed over because of the marks of these stages, each of which filters, drops what fails, or both. */
function skipWords(ids: readonly string[], stages: readonly DescribedStage[]): string {
  const marking = stages.filter(({ id }) => ids.includes(id));
  const ways = [
    ...(marking.some(({ filters }) => filters) ? ['filtered'] : []),
    ...(marking.some(({ fails, onError }) => fails && (onError === 'drop' || onError === 'dead_letter'))
      ? ['dropped']
      : []),
  ];
  return `skips what ${listWords(ids)} ${oneOf(ways)}`;
}

/** What a stage does beside passing records on. */
function stageNotes(stage: DescribedStage, stages: readonly DescribedStage[]): string {
  const notes: string[] = [];
  if (stage.skipsFilteredBy.length > 0) notes.push(skipWords(stage.skipsFilteredBy, stages));
  if (stage.filters) notes.push(stage.access === 'write' ? 'may filter' : 'filters');
  if (stage.fails) notes.push(stage.onError === 'stop' ? 'may fail a record' : onErrorWords(stage.onError));
  if (stage.access === 'write') notes.push('writes');
  return notes.join('; ');
}

const endWords = ({ onError }: DescribedBoundary): string => (onError === 'stop' ? '' : `; ${onErrorWords(onError)}`);

function ringEnds({ ingress, egress, stages }: RingDescription): string[] {
  const gates =
    `held back by ${listWords(ingress.gatedBy)}` +
    ` (by ${listWords(ingress.gatedByWhenDiscarded)} when ${egress.id} is discarded)`;
  const skips = egress.skipsFilteredBy.length === 0 ? '' : `; ${skipWords(egress.skipsFilteredBy, stages)}`;
  return columns([
    [ingress.id, 'ingress', cut(ingress.codec), `${gates}${endWords(ingress)}`],
    [egress.id, 'egress', cut(egress.codec), `waits for ${listWords(egress.waitsFor)}${skips}${endWords(egress)}`],
  ]);
}

function ringStages({ stages }: RingDescription): string[] {
  const rows = stages.map((stage, index) => [
    String(index + 1),
    stage.id,
    stage.op,
    cut(configWords(stage.config)),
    `waits for ${listWords(stage.waitsFor)}`,
    stageNotes(stage, stages),
  ]);
  return columns(rows, [0]);
}

function ringFacts(ring: RingDescription): string[] {
  const { layout, room, shardKey, markPlanes } = ring;
  const key = shardKey === null ? '' : `, by ${keyWords(shardKey)}`;
  const { headroom, tailroom } = room;
  const bytes = headroom + tailroom === 0 ? 'none' : `${headroom} bytes before and ${tailroom} behind every record`;
  const planes = markPlanes === 0 ? 'none: no stage filters' : `${markPlanes}, one byte a slot each`;
  return columns([
    ['shards', `${ring.shards}${key}`],
    ['order', ring.ordering],
    ['layout', `${layout.kind}: ${layout.reason}`],
    ['room', `${bytes}: ${room.reason}`],
    ['marks', planes],
  ]);
}

/** The tables of a region and what lies beside it, with their sum. */
function memoryTable(memory: MemoryPlan | GraphMemory): string[] {
  const { rows, beside, totalBytes, mappedBytes, observableBytes } = memory;
  const cell = (row: MemoryRow): string[] => [row.table, `${row.count} ×`, String(row.bytesEach), String(row.bytes)];
  const total = (name: string, bytes: number): string[] => [name, '', '', String(bytes)];
  const region = rows.filter((row) => row.bytes > 0).map(cell);
  const others = beside.length === 0 ? [] : [total('region', totalBytes), ...beside.map(cell)];
  return [
    ...columns([...region, ...others, total('total', mappedBytes)], [1, 2, 3]),
    `${byteWords(mappedBytes)} in all, of which an observer maps ${byteWords(observableBytes)}`,
  ];
}

function memoryLines(memory: MemoryPlan): string[] {
  const { capacity, recordMax, arenaBytes } = memory.sizes;
  const arena = arenaBytes === 0 ? '' : `, arena ${byteWords(arenaBytes)}`;
  return [`a shard: ${capacity} records of at most ${byteWords(recordMax)}${arena}`, ...memoryTable(memory)];
}

const threadWords = (threads: number): string => (threads === 1 ? '1 thread' : `${threads} threads`);

function ringText(ring: RingDescription): string[] {
  return [
    ...heading(ring),
    ...section('ends', ringEnds(ring)),
    ...section('stages', ringStages(ring)),
    ...section('ring', ringFacts(ring)),
    ...section(`memory, bytes (with ${threadWords(ring.memory.threads)})`, memoryLines(ring.memory)),
  ];
}

/** What flows where: both graphs where something was put in, else one. */
function graphDrawings({ drawing, lowered }: GraphDescription): string[] {
  const written = drawing === null ? [] : drawing;
  if (lowered.inserted.length === 0)
    return [
      ...(written.length === 0 ? [] : ['', ...indented(written)]),
      '',
      'runs as it is written: nothing is inserted',
    ];
  const runs = lowered.drawing;
  return [
    ...(written.length === 0 ? [] : section('as written', written)),
    ...(runs === null ? [] : section('as it runs, inserted elements in brackets', runs)),
    ...section(
      'inserted',
      columns(lowered.inserted.map(({ id, rule, path, reason }) => [`[${id}]`, rule, path, cut(reason)])),
    ),
  ];
}

function laneNotes({ inserted, origin, asked, on_full, to }: GraphLaneReport): string {
  const notes = [on_full === 'Drop' ? 'drops when full' : 'blocks when full'];
  if (asked !== undefined) notes.push(`asked for as ${asked}`);
  if (inserted)
    notes.push(origin === undefined ? 'inserted' : to === LETTERS_AGENT ? 'letters' : 'what a journal keeps');
  return notes.join('; ');
}

function graphLanes({ lowered, memory }: GraphDescription): string[] {
  const rows = lowered.lanes.map((lane, index) => [
    lane.id,
    lane.kind,
    `${lane.from} ─▶ ${lane.readers.join(', ')}`,
    String(memory.lanes[index]?.bytes ?? 0),
    laneNotes(lane),
  ]);
  return columns(rows, [3]);
}

function graphText(graph: GraphDescription): string[] {
  const { name, target, id, memory } = graph;
  const boundaries = graph.boundaries.map((end) => {
    const { id, kind, codec, policyWords } = end;
    return [id, kind, cut(codec), `${policyWords}${endWords(end)}`];
  });
  const stages = graph.stages.map(({ id, op, config, on_error = 'stop' }) => [
    id,
    op,
    cut(configWords(config)),
    on_error === 'stop' ? '' : onErrorWords(on_error),
  ]);
  const connections = graph.connections.map(({ from, to, laneWords, on_full }) => [
    `${from} ─▶ ${to}`,
    laneWords,
    on_full === 'Drop' ? 'drops when full' : 'blocks when full',
  ]);
  return [
    `${name}  ${target}  version ${id.slice(0, ID_CHARS)}`,
    ...graphDrawings(graph),
    ...section('ends', columns(boundaries)),
    ...section('stages', columns(stages)),
    ...section('connections', columns(connections)),
    ...section('lanes, with the bytes of each', graphLanes(graph)),
    ...section(`memory, bytes (with ${threadWords(memory.threads)})`, memoryTable(memory)),
  ];
}

/** A description as text for people: lines, without a final line end. Pure; any thread. */
export function describeText(description: Description): string {
  const lines = description.target === 'SingleRing' ? ringText(description) : graphText(description);
  const own = columns(ownStageRows(description.ownStages));
  return [...lines, ...(own.length === 0 ? [] : section('stages of your own', own))].join('\n');
}
