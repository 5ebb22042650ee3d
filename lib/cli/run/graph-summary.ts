/**
 * The parts of a run's summary that only a LaneGraph has: what went through each lane, and through what the compiler
 * inserted:
 *
 *   lane        kind       written     = read  + full  + too large  in flight
 *   in->keep    Events   1,000,000  1,000,000
 *   keep->out   Journal     12,345     12,345                                   durable 12,345 of 12,345, 1 segment
 *
 *   inserted          kind            in        out
 *   router:in         router   1,000,000  2,000,000
 *
 *   ✓ balanced over 2 lanes: 1,000,000 in, 12,345 out, 987,655 filtered
 *
 * One record may become several on its way, so no equation leads from one end of a graph to the other: the lanes balance
 * one by one, and the last line only adds up. Pure; any thread.
 */
import type { InsertedCounts, JournalCounts, LaneCounts, Ledger } from '../../region/counts.js';
import { dataWords } from '../sizes.js';
import type { Colors } from '../terminal.js';
import { counted, grouped, harmless, indent, table } from '../text.js';

export const isGraph = ({ lanes }: Pick<Ledger, 'lanes'>): boolean =>
  Object.values(lanes).some(({ origin }) => origin === undefined);

/** A count, or nothing where there is nothing to say. */
const some = (count: number): string => (count === 0 ? '' : grouped(count));

/** A table of which the columns after the first `fixed` are shown where one of their cells says something. */
function sparseTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  fixed: number,
  colors: Colors,
): string[] {
  const shown = titles.map((_, at) => at < fixed || rows.some((row) => row[at] !== ''));
  const pick = (cells: readonly string[]): string[] => cells.filter((_, at) => shown[at]);
  const numbers = pick(titles).flatMap((title, at) => (at >= 2 && title !== '' ? [at] : []));
  return indent(table([pick(titles).map((cell) => colors.dim(cell)), ...rows.map(pick)], numbers));
}

/** One row a reader: those of a broadcast have read different numbers only when a run was cut short. */
function laneRows(id: string, lane: LaneCounts, colors: Colors): string[][] {
  const name = lane.inserted ? colors.dim(id) : id;
  const { full, too_large } = lane.dropped;
  const readers = Object.keys(lane.read);
  const same = new Set(Object.values(lane.read)).size === 1;
  const shown = same ? readers.slice(0, 1) : readers;
  return shown.map((reader, at) => {
    const journal = lane.journal === undefined ? '' : journalWords(lane.journal);
    const numbers = [lane.read[reader] ?? 0, full, too_large, lane.in_flight[reader] ?? 0];
    const [read, ...rest] = numbers as [number, number, number, number];
    const first = at === 0 ? [name, lane.kind, grouped(lane.written)] : ['', '', ''];
    return [
      ...first,
      grouped(read),
      ...rest.map(some),
      same ? '' : `by ${reader}`,
      at === 0 ? colors.dim(journal) : '',
    ];
  });
}

function journalWords({ durable, appended, replayed, unwritten, segments, bytes, cut_bytes }: JournalCounts): string {
  return [
    `durable ${grouped(durable)} of ${grouped(appended)}`,
    counted(segments, 'segment'),
    dataWords(bytes),
    ...(unwritten > 0 ? [`${grouped(unwritten)} not written`] : []),
    ...(replayed > 0 ? [`${grouped(replayed)} replayed`] : []),
    ...(cut_bytes > 0 ? [`a torn tail of ${dataWords(cut_bytes)} was cut`] : []),
  ].join(', ');
}

export function journalLines(journals: Readonly<Record<string, string>>, colors: Colors): string[] {
  const rows = Object.entries(journals).map(([id, folder]) => [id, colors.dim(harmless(folder))]);
  return rows.length === 0 ? [] : indent(table([['journal', 'folder'].map((cell) => colors.dim(cell)), ...rows]));
}

export function laneLines({ lanes }: Ledger, colors: Colors): string[] {
  const rows = Object.entries(lanes).flatMap(([id, lane]) => laneRows(id, lane, colors));
  if (rows.length === 0) return [];
  const titles = ['lane', 'kind', 'written', '= read', '+ full', '+ too large', '+ in flight', '', ''];
  return sparseTable(titles, rows, 4, colors);
}

export function insertedLines({ inserted }: Ledger, colors: Colors): string[] {
  const rows = Object.entries(inserted).map(([id, counts]: [string, InsertedCounts]) => [
    id,
    counts.kind,
    grouped(counts.in),
    grouped(counts.out),
    ...[counts.failed, counts.abandoned, counts.keyless].map(some),
  ]);
  if (rows.length === 0) return [];
  return sparseTable(['inserted', 'kind', 'in', 'out', 'failed', 'abandoned', 'keyless'], rows, 4, colors);
}

/** What became of records anywhere in the graph: the words of the last line, without what did not happen. */
export function graphVerdict(ledger: Ledger, recordsIn: number, recordsOut: number): string {
  const { stages, inserted, boundaries, lanes } = ledger;
  const all = [...Object.values(stages), ...Object.values(inserted)];
  const egress = Object.values(boundaries).flatMap((counts) => (counts.kind === 'egress' ? [counts] : []));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const ways: readonly (readonly [number, string])[] = [
    [sum(Object.values(stages).map(({ filtered }) => filtered)), 'filtered'],
    [sum(Object.values(lanes).map(({ dropped }) => dropped.full)), 'dropped for lack of room'],
    [sum(Object.values(lanes).map(({ dropped }) => dropped.too_large)), 'too large'],
    [sum([...all, ...egress.flatMap(({ failures }) => failures ?? [])].map(({ failed }) => failed)), 'failed'],
    [sum([...all, ...egress].map(({ abandoned }) => abandoned)), 'abandoned'],
  ];
  const words = ways.filter(([count]) => count > 0).map(([count, way]) => `${grouped(count)} ${way}`);
  const over = counted(Object.keys(lanes).length, 'lane');
  return `over ${over}: ${[`${grouped(recordsIn)} in`, `${grouped(recordsOut)} out`, ...words].join(', ')}`;
}
