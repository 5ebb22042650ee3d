/** What ops report, for people: totals, the largest keys, checksums; anything else as JSON. Pure; any thread. */
import type { StageEntry } from '../../plan/document.js';
import type { ChecksumReport, CountReport } from '../../runtime/reports.js';
import type { Colors } from '../terminal.js';
import { grouped, harmless, indent, table } from '../text.js';

/** Keys of a count that are listed; `--json` has all. */
const KEYS_SHOWN = 10;

/** @param stages of the plan: the op says what a report is, since that of a stage of one's own (`js:`, `native:`) may be any JSON */
export function reportLines(
  reports: Readonly<Record<string, unknown>>,
  stages: readonly Pick<StageEntry, 'id' | 'op'>[],
  colors: Colors,
): string[] {
  const ops = new Map(stages.map(({ id, op }) => [id, op]));
  const told = Object.entries(reports).filter(([, report]) => report !== null);
  return indent(
    told.flatMap(([id, report]) => {
      const name = colors.bold(id);
      const op = ops.get(id);
      if (op === 'count') return countLines(report as CountReport, name, colors);
      if (op === 'checksum') return [`${name}  CRC32C ${(report as ChecksumReport).crc32c.join(' ')}`];
      return [`${name}  ${harmless(JSON.stringify(report))}`];
    }),
  );
}

function countLines(report: CountReport, name: string, colors: Colors): string[] {
  return [`${name}  ${grouped(report.total)} records`, ...keyLines(report, colors)];
}

function keyLines({ keys, other = 0, keyless = 0 }: CountReport, colors: Colors): string[] {
  if (keys === undefined) return [];
  const sorted = Object.entries(keys).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const shown = sorted.slice(0, KEYS_SHOWN);
  const hidden = sorted.slice(KEYS_SHOWN);
  const rows = [
    ...shown.map(([key, count]) => [keyWords(key), grouped(count)]),
    ...rest(`${grouped(hidden.length)} more keys`, sumOf(hidden)),
    ...rest('keys beyond the table', other),
    ...rest('without the key', keyless),
  ];
  const most = Math.max(1, ...rows.map(([, count]) => Number(count?.replaceAll(',', ''))));
  return indent(
    table(rows, [1]).map((line, at) =>
      `${line}  ${colors.cyan(bar(Number(rows[at]?.[1]?.replaceAll(',', '')) / most))}`.trimEnd(),
    ),
  );
}

const rest = (words: string, count: number): string[][] => (count === 0 ? [] : [[`(${words})`, grouped(count)]]);
const sumOf = (entries: readonly (readonly [string, number])[]): number =>
  entries.reduce((sum, [, count]) => sum + count, 0);

const BAR_CELLS = 24;
const bar = (share: number): string => '▇'.repeat(Math.round(share * BAR_CELLS)) || '▏';

/** A key is any bytes of a record: shown safely, cut when long. */
function keyWords(key: string): string {
  const shown = harmless(key).replaceAll('\n', '\\n');
  return shown.length > 40 ? `${shown.slice(0, 39)}…` : shown === '' ? '(empty)' : shown;
}
