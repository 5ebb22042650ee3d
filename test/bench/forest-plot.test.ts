import { expect, test } from 'vitest';
import { forestPlot } from '../../lib/bench/forest-plot.js';

const row = (
  name: string,
  verdict: 'slower' | 'same' | 'none',
  change: number,
  interval: [number, number],
  pairs = 16,
) => ({
  name,
  judged: { verdict, change, interval, pairs },
});

test('the plot of a suite has a row for each program, also for one without pairs, and no number that is none', () => {
  const svg = forestPlot(
    'this tree against <abc>',
    [
      row('ring', 'slower', 0.08, [0.05, 0.11]),
      row('lanes, Events', 'same', 0.001, [-0.01, 0.012]),
      row('wild', 'none', 0.4, [-1, Number.POSITIVE_INFINITY], 4),
      row('router', 'none', Number.NaN, [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], 0),
    ],
    0.03,
  );
  expect(svg).toContain('<title>this tree against &lt;abc&gt;</title>');
  expect(svg.match(/<circle /g)).toHaveLength(3);
  expect(svg).toContain('>slower, 16 pairs</text>');
  expect(svg).toContain('>no pairs</text>');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
