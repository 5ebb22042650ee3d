/**
 * The README's table and its plot: a dozen rows of the results in which a reader can see where byteor is ahead and where it
 * is not. Every row names a comparison that the results hold; one that they do not hold is an error, not a missing row.
 */

import { short } from './report.mjs';

/** A rate of the echo benchmark, in millions of records a second, beside another of the same round. */
function echoRow({ contestants, comparisons }, what, ours, other, beside) {
  const found = comparisons.find(({ a, b }) => a === ours && b === other);
  if (found === undefined) throw new Error(`bench/results/echo.json does not compare ${ours} with ${other}`);
  const rate = (name) => `${short(contestants[name].rate_m_per_s.median)} M/s`;
  return { what, byteor: rate(ours), beside: `${beside} ${rate(other)}`, ratio: found.ratio };
}

/** Half of all round trips take no longer. No rounds are paired here, so the ratio is one of medians. */
function latencyRow({ contestants }) {
  const [byteor, other] = ['round trip: byteor, polling', 'round trip: postMessage'].map(
    (name) => contestants[name].p50_us.median,
  );
  return {
    what: 'one record there and back, p50',
    byteor: `${short(byteor)} µs`,
    beside: `postMessage ${short(other)} µs`,
    ratio: other / byteor,
  };
}

function fileRow({ jobs }, what, job, other, beside) {
  const contestants = jobs.find(({ name }) => name === job)?.contestants;
  if (contestants?.[other] === undefined) throw new Error(`bench/results/run.json has no ${other} for ${job}`);
  const rate = (name) => `${short(contestants[name].mb_per_s.median)} MB/s`;
  return {
    what,
    byteor: rate('byteor run'),
    beside: `${beside} ${rate(other)}`,
    ratio: contestants[other].byteor_ratio,
  };
}

function laneRow({ cells }, what, cell, band) {
  const found = cells.find(({ name }) => name === cell)?.bands[band];
  if (found === undefined) throw new Error(`bench/results/lanes.json has no ${cell}, ${band}`);
  const { byteor } = found.contestants;
  return {
    what,
    byteor: `${short(byteor.median)} M/s`,
    beside: `${found.best_peer} ${short(found.contestants[found.best_peer].median)} M/s`,
    ratio: byteor.to_best_peer,
  };
}

function journalRow({ contestants, comparisons }) {
  const [ours, raw] = ['ours, each_batch, 1024 KiB a commit', 'raw, each_batch, 1024 KiB a commit'];
  const found = comparisons.find(({ a, b }) => a === ours && b === raw);
  if (found === undefined) throw new Error(`bench/results/journal.json does not compare ${ours} with ${raw}`);
  const rate = (name) => `${short(contestants[name].mb_per_s.median)} MB/s`;
  return {
    what: 'append and sync 256 B records',
    byteor: rate(ours),
    beside: `bare write and fdatasync ${rate(raw)}`,
    ratio: found.ratio,
  };
}

/** A stage of JavaScript beside a peer, at the distance of the CPUs with most pairs. */
function stageRow({ contestants, comparisons }, what, ours, other, beside) {
  const found = comparisons.find(({ a, b }) => a === other && b === ours);
  if (found === undefined) throw new Error(`bench/results/stages.json does not compare ${other} with ${ours}`);
  const [[band, { ratio }]] = Object.entries(found.bands).sort(([, one], [, two]) => two.pairs - one.pairs);
  const rate = (name) => `${short(1000 / contestants[name].ns[band].median)} M/s`;
  return { what, byteor: rate(ours), beside: `${beside} ${rate(other)}`, ratio };
}

const stageRows = (stages) => [
  stageRow(
    stages,
    'a function of JavaScript as a stage, 64 B',
    'ring: a function',
    'Node streams, one transform',
    'Node streams',
  ),
  stageRow(
    stages,
    'the same in a worker',
    'ring: a function in a worker',
    'postMessage, an object each',
    'postMessage, an object each',
  ),
];

/** What the README shows, in its order; without rows of lanes and of stages that are not on record. */
export function summaryRows({ echo, run, lanes, journal, stages }) {
  const inPlace = 'byteor, in place, 64 B';
  // Columns, once a result has them: they are what the API has for this.
  const fastest = ([columns, other]) => (Object.hasOwn(echo.contestants, columns) ? columns : other);
  const oneWay = fastest(['byteor, columns, one way, 64 B', 'byteor, in place, one way, 64 B']);
  const threeStages = fastest(['3 stages: byteor, columns', '3 stages: byteor, in place']);
  return [
    echoRow(
      echo,
      'JS to a thread and back, 64 B',
      inPlace,
      'postMessage, an object each',
      'postMessage, an object each',
    ),
    echoRow(echo, 'the same', inPlace, 'postMessage, 100 x 64 B a message', 'postMessage, 100 a message'),
    echoRow(echo, 'the same', inPlace, 'ringbuf.js, 64 records a call', 'ringbuf.js, 64 a call'),
    echoRow(
      echo,
      'JS to a thread, 64 B',
      oneWay,
      'Atomics ring by hand, 64 a publish, one way',
      'Atomics ring by hand',
    ),
    echoRow(echo, 'three stages, fed from JS', threeStages, '3 stages: Node streams', 'Node streams'),
    echoRow(echo, 'the same', threeStages, '3 stages: rxjs', 'rxjs'),
    ...(stages === undefined ? [] : stageRows(stages)),
    latencyRow(echo),
    fileRow(
      run,
      'count a file by a JSON member',
      'count by JSON member, NDJSON',
      'Node loop by hand, JSON.parse',
      'JSON.parse by hand',
    ),
    fileRow(run, 'copy the lines of a file', 'every line, access log', 'Node streams, split2', 'Node streams, split2'),
    fileRow(run, 'keep 6 % of the lines', '6 % of the lines, access log', 'grep -F', 'grep -F'),
    ...(lanes === undefined
      ? []
      : [
          laneRow(lanes, 'one stage over lanes, C++ ends, 64 B', 'one-to-one batch 64 B, 65536 records', 'far'),
          laneRow(lanes, 'three stages over lanes, C++ ends, 64 B', 'chain batch 64 B, 65536 records', 'far'),
        ]),
    journalRow(journal),
  ];
}

const WIDTH = 760;
const ROW = 26;
const LEFT = 400;
const RIGHT = 70;
/** The scale runs from a quarter to 256 times. */
const [FROM, TO] = [-2, 8];

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Bars of the ratios on a logarithmic scale; to the left of the line at 1 the other is faster. */
export function summaryPlot(rows) {
  const top = 34;
  const height = top + rows.length * ROW + 30;
  const x = (ratio) => {
    const at = Math.min(Math.max(Math.log2(ratio), FROM), TO);
    return LEFT + ((at - FROM) / (TO - FROM)) * (WIDTH - LEFT - RIGHT);
  };
  const bars = rows.flatMap(({ what, beside, ratio }, index) => {
    const y = top + index * ROW;
    const [from, to] = [x(1), x(ratio)].sort((a, b) => a - b);
    const label = ratio >= 1 ? to + 5 : x(1) + 5;
    const name = `${what}: ${beside.replace(/ [\d.]+ (M\/s|MB\/s|µs)$/, '')}`
      .replace(/^the same(, )?/, '… $1')
      .replace('… : ', '… ');
    return [
      `<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${from.toFixed(1)}" y="${y + 3}" width="${Math.max(to - from, 1).toFixed(1)}" height="${ROW - 9}" fill="${ratio >= 1 ? '#2b7a4b' : '#b5532d'}"/>`,
      `<text x="${label.toFixed(1)}" y="${y + 15}">${short(ratio)}×</text>`,
    ];
  });
  const marks = [0.25, 1, 4, 16, 64, 256].flatMap((ratio) => [
    `<line x1="${x(ratio).toFixed(1)}" y1="${top - 4}" x2="${x(ratio).toFixed(1)}" y2="${height - 26}" stroke="${ratio === 1 ? '#444' : '#ddd'}"/>`,
    `<text x="${x(ratio).toFixed(1)}" y="${height - 10}" text-anchor="middle">${ratio >= 1 ? ratio : '¼'}×</text>`,
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    '<title>How many times as fast byteor is as what stands beside it</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="18" font-weight="bold">how many times as fast byteor is (logarithmic)</text>`,
    ...marks,
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}
