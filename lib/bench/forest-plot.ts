/**
 * The verdicts of a suite as an SVG that stands alone: a row a program with its estimate and interval, and the band of the floor,
 * within which nothing counts as a change. Pure.
 */
import { escaped, PLOT_STYLE, rounded, signedPercent } from './plot-parts.js';
import type { Judgement } from './verdict.js';

export interface ForestRow {
  readonly name: string;
  readonly judged: Pick<Judgement, 'verdict' | 'change' | 'interval' | 'pairs'>;
}

const WIDTH = 820;
const NAMES = 210;
const WORDS = 150;
const TOP = 56;
const ROW = 22;
const BOTTOM = 30;
/** Further out a bar ends at the edge. */
const MOST = 0.25;

const WORD = { slower: 'slower', faster: 'faster', same: 'same', none: 'no verdict' } as const;

/** @param title what is compared with what */
export function forestPlot(title: string, rows: readonly ForestRow[], floor: number): string {
  const logs = (row: ForestRow): number[] =>
    [row.judged.change, ...row.judged.interval].map((share) => Math.log1p(share));
  const known = rows.flatMap(logs).filter(Number.isFinite);
  const most = Math.min(MOST, 1.1 * Math.max(1.5 * Math.log1p(floor), ...known.map(Math.abs)));
  const x = (log: number): number => {
    const share = (Math.min(most, Math.max(-most, log)) + most) / (2 * most);
    return rounded(NAMES + share * (WIDTH - NAMES - WORDS));
  };
  const height = TOP + rows.length * ROW + BOTTOM;
  const band = { left: x(Math.log1p(-floor)), right: x(Math.log1p(floor)) };
  const marks = [-most, Math.log1p(-floor), 0, Math.log1p(floor), most];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${PLOT_STYLE}
</style>
<text x="16" y="22">${escaped(title)}</text>
<text class="small" x="16" y="40">change of time; band: the floor; bar: the interval. To the right: slower</text>
<rect class="band" x="${band.left}" y="${TOP - 8}" width="${rounded(band.right - band.left)}" height="${rows.length * ROW + 8}"/>
<line class="axis" x1="${x(0)}" y1="${TOP - 8}" x2="${x(0)}" y2="${height - BOTTOM}"/>
${rows.map((row, index) => rowOf(row, logs(row), TOP + index * ROW + ROW / 2, x)).join('\n')}
${marks.map((log) => `<text class="small" x="${x(log)}" y="${height - 12}" text-anchor="middle">${signedPercent(log)}</text>`).join('\n')}
</svg>
`;
}

function rowOf(
  { name, judged }: ForestRow,
  [middle, low, high]: number[],
  y: number,
  x: (log: number) => number,
): string {
  const words = judged.pairs === 0 ? 'no pairs' : `${WORD[judged.verdict]}, ${judged.pairs} pairs`;
  const text = [
    `<text x="${NAMES - 12}" y="${y + 4}" text-anchor="end">${escaped(name)}</text>`,
    `<text class="small" x="${WIDTH - WORDS + 12}" y="${y + 4}">${words}</text>`,
  ];
  if (Number.isNaN(middle)) return text.join('\n');
  return [
    ...text,
    `<line class="interval" x1="${x(low as number)}" y1="${y}" x2="${x(high as number)}" y2="${y}"/>`,
    `<circle class="kept" cx="${x(middle as number)}" cy="${y}" r="4"/>`,
  ].join('\n');
}
