/**
 * The pairs of a comparison as an SVG that stands alone: a point a pair, the interval, and the band of the floor, within which
 * nothing counts as a change. Readable on light and dark grounds. Pure; any thread.
 */
import { escaped, PLOT_STYLE, rounded, signedPercent } from '../../bench/plot-parts.js';
import type { ProgramFacts } from './result.js';

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 64;
const RIGHT = 24;
const TOP = 56;
const BOTTOM = 44;
const LINE_HEIGHT = 14;
/** Of the values that there are, on either side. */
const MARGIN = 1.15;

export function plot(program: ProgramFacts): string {
  const { samples, interval, floor, ratio } = program;
  const points = samples.map((pair) => ({ value: Math.log(pair.ratio), disturbed: pair.disturbed !== null }));
  const bounds = interval.flatMap((bound) => (bound === null ? [] : [Math.log(bound)]));
  const judged = points.filter(({ disturbed }) => !disturbed).map(({ value }) => Math.abs(value));
  // Disturbed pairs may lie anywhere; those outside stand at the edge.
  const most = MARGIN * Math.max(Math.log1p(floor) * 1.5, ...judged, ...bounds.map(Math.abs));
  const y = (value: number): number => {
    const share = (Math.min(most, Math.max(-most, value)) + most) / (2 * most);
    return rounded(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM));
  };
  const step = (WIDTH - LEFT - RIGHT - 40) / Math.max(1, points.length);
  const x = (index: number): number => rounded(LEFT + (index + 0.5) * step);
  const band = { top: y(Math.log1p(floor)), bottom: y(Math.log1p(-floor)) };
  const ticks = apart([0, most / MARGIN, -most / MARGIN, Math.log1p(floor), Math.log1p(-floor)], y);
  const edge = WIDTH - RIGHT - 20;
  const words = ratio === null ? '' : `, ${ratio.toFixed(3)} × the time of the other side`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">
<title>${escaped(program.name)}: ${program.verdict}</title>
<style>${PLOT_STYLE}
</style>
<text x="${LEFT}" y="22">${escaped(program.name)}: ${program.verdict}${words}</text>
<text class="small" x="${LEFT}" y="40">time of ${escaped(program.sides.plan.path)} / time of ${escaped(program.sides.against.path)}, each point a pair of processes</text>
<rect class="band" x="${LEFT}" y="${band.top}" width="${WIDTH - LEFT - RIGHT}" height="${rounded(band.bottom - band.top)}"/>
<line class="axis" x1="${LEFT}" y1="${y(0)}" x2="${WIDTH - RIGHT}" y2="${y(0)}"/>
${ticks.map((value) => `<text class="small" x="${LEFT - 6}" y="${rounded(y(value) + 4)}" text-anchor="end">${signedPercent(value)}</text>`).join('\n')}
${points.map(({ value, disturbed }, index) => `<circle class="${disturbed ? 'disturbed' : 'kept'}" cx="${x(index)}" cy="${y(value)}" r="3.5"/>`).join('\n')}
${bounds.length === 2 ? `<line class="interval" x1="${edge}" y1="${y(bounds[0] as number)}" x2="${edge}" y2="${y(bounds[1] as number)}"/>` : ''}
<text class="small" x="${LEFT}" y="${HEIGHT - 14}">${program.pairs} judged pairs (full), ${program.pairs_disturbed} disturbed (hollow); band: the floor; bar: the interval. Above 0: slower</text>
</svg>
`;
}

/** Values whose words have room beside each other; the first ones are kept. */
function apart(values: readonly number[], y: (value: number) => number): number[] {
  const kept: number[] = [];
  for (const value of values) if (kept.every((other) => Math.abs(y(other) - y(value)) >= LINE_HEIGHT)) kept.push(value);
  return kept;
}
