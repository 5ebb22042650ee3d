import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addAgainstOptions, againstAsked } from '../../lib/cli/bench/against-options.js';
import { benchmarkEntries } from '../../lib/cli/bench/benchmark-json.js';
import type { LapRuns } from '../../lib/cli/bench/lap.js';
import { type Measured, type MeasureOptions, measure } from '../../lib/cli/bench/measure.js';
import { againstOptions } from '../../lib/cli/bench/options.js';
import { INPUT_ORDER, mayDrop, orderAt } from '../../lib/cli/bench/order.js';
import { compareOutputs } from '../../lib/cli/bench/outputs.js';
import { plot } from '../../lib/cli/bench/plot.js';
import { benchFacts, exitCodeOf } from '../../lib/cli/bench/result.js';
import { inAnyOrder, inOrder } from '../../lib/cli/bench/same-lines.js';
import { checkBoundaries, type Side, type SideName, sideOf } from '../../lib/cli/bench/sides.js';
import { benchText } from '../../lib/cli/bench/text.js';
import { ExitCode } from '../../lib/cli/exit-code.js';
import { addOpenOptions } from '../../lib/cli/open-options.js';
import type { CheckedPlan } from '../../lib/plan/document.js';
import { validateText } from '../../lib/validate/validate.js';
import { temporaryFolder } from './child.js';
import { BRANCHING_PLAN, GRAPH_PLAN, IDENTITY_PLAN, ringPlan } from './plans.js';

/** The parts of `byteor bench`, over laps that take what the test says: no clock, no process. */

const MIB = 1 << 20;

function checked(text: string): CheckedPlan {
  const validation = validateText(Buffer.from(text));
  if (!validation.ok) throw new Error(JSON.stringify(validation.diagnostics));
  return validation.plan;
}

function ranFor(seconds: number, runs: number, more: Partial<LapRuns> = {}): LapRuns {
  return {
    seconds: Array.from({ length: runs }, () => seconds),
    opening_seconds: 0.001,
    threads: [0, 1].map((cpu) => ({ cpu, waited_seconds: 0 })),
    rss_bytes: 80 * MIB,
    boundaries: {},
    reports: {},
    ...more,
  };
}

/** Laps of `seconds` a run, a little apart, the same in every run of the test. */
function laps(seconds: Record<SideName, number>, more: (lap: number, side: SideName) => Partial<LapRuns> = () => ({})) {
  const asked: { side: SideName; runs: number }[] = [];
  const start: MeasureOptions['start'] = (side, runs) => {
    const lap = async () => {
      asked.push({ side, runs });
      const jitter = 1 + 0.002 * Math.sin(asked.length * 1.7);
      return ranFor(seconds[side] * jitter, runs, more(asked.length, side));
    };
    return { lap, end: async () => {} };
  };
  return { asked, start };
}

const measured = async (start: MeasureOptions['start'], more: Partial<MeasureOptions> = {}) => {
  let now = 0;
  return await measure({
    start,
    distance: () => 100,
    cpus: 3,
    seconds: 1000,
    once: { run_seconds: 0.1, process_seconds: 0.5 },
    floor: 0.03,
    now: () => now++,
    ...more,
  });
};

function side(name: SideName, plan = IDENTITY_PLAN, path = `${name}.yaml`): Side {
  return sideOf(name, path, checked(plan), { options: { threads: 2 }, package: '/opt/byteor' });
}

const SIDES = { plan: side('plan'), against: side('against') };
const EQUAL = { equal: true, compared: { out: 'byte for byte' }, differences: [] } as const;

const factsOf = (result: Awaited<ReturnType<typeof measured>>, seconds = 60) =>
  benchFacts({
    name: 'demo',
    sides: SIDES,
    outputs: EQUAL,
    records: { plan: 1000, against: 1000 },
    floor: 0.03,
    seconds,
    measured: result,
  });

const noColors = { bold: String, red: String, green: String, yellow: String } as never;

describe('a verdict', () => {
  test.each([
    [1.2, 'slower', ExitCode.Slower, false],
    [0.8, 'faster', ExitCode.Done, true],
    [1, 'same', ExitCode.Done, true],
  ] as const)('of a plan that takes %f times as long is %s', async (times, verdict, code, ok) => {
    const facts = factsOf(await measured(laps({ plan: times, against: 1 }).start));
    expect(facts).toMatchObject({ ok, verdict, pairs: 8, outputs_equal: true });
    expect(facts.ratio).toBeCloseTo(times, 2);
    expect(exitCodeOf(facts)).toBe(code);
    const [program] = facts.programs;
    expect(program?.sides.plan.records_per_second).toBeCloseTo(1000 / times, -1);
    expect(program?.distance).toBe('near (100 ns round trip)');
    const text = benchText(facts, undefined, noColors);
    expect(text).toMatch(new RegExp(`^${verdict} {2}the plan takes ${times.toFixed(3).slice(0, 3)}`, 'm'));
    expect(text).toContain('8 judged, 0 disturbed');
  });

  test('is not given where the machine disturbs every lap, and the reasons are counted', async () => {
    const waits = { threads: [{ cpu: 0, waited_seconds: 0.5 }] };
    const facts = factsOf(await measured(laps({ plan: 2, against: 1 }, () => waits).start, { seconds: 60 }));
    expect(facts).toMatchObject({ ok: false, verdict: 'no verdict', ratio: null, interval: [null, null], pairs: 0 });
    expect(facts.reason).toMatch(/^Only 0 of \d+ pairs were undisturbed within 60 s/);
    expect(exitCodeOf(facts)).toBe(ExitCode.NoVerdict);
    const text = benchText(facts, undefined, noColors);
    expect(text).toMatch(/ \d+ × a thread had no CPU for 50\.\d % of a lap, and the like/);
    expect(text).toMatch(/time +– +–/);
    expect(text).toMatch(/^pairs +0 undisturbed, too few to judge, \d+ disturbed$/m);
  });

  test('that pairs do not tell says how many would', async () => {
    const noise = (lap: number): Partial<LapRuns> => ({ seconds: [1 + 0.3 * Math.abs(Math.sin(lap * lap))] });
    const facts = factsOf(await measured(laps({ plan: 1, against: 1 }, noise).start, { seconds: 100 }));
    expect(facts.verdict).toBe('no verdict');
    expect(facts.reason).toMatch(/^At the spread that \d+ pairs had, about [\d,]+ would tell\./);
  });

  test('of memory has the pairs of the time', async () => {
    const more = (_: number, side: SideName) => ({ rss_bytes: (side === 'plan' ? 100 : 80) * MIB });
    const facts = factsOf(await measured(laps({ plan: 1, against: 1 }, more).start));
    expect(facts.programs[0]?.memory).toMatchObject({ verdict: 'slower', ratio: 1.25 });
    expect(facts.verdict).toBe('same');
  });
});

describe('a lap', () => {
  test('of a short input runs it several times, on both sides as often', async () => {
    const { asked, start } = laps({ plan: 0.002, against: 0.001 });
    const result = (await measured(start)) as Measured;
    expect(result.runs_per_lap).toBeGreaterThanOrEqual(25);
    expect(new Set(asked.slice(2).map(({ runs }) => runs))).toEqual(new Set([result.runs_per_lap]));
    const [first] = result.paired.samples;
    expect(first?.laps).toHaveLength(6);
    expect(first?.laps[0]?.a.seconds).toBeCloseTo(0.001 * result.runs_per_lap, 3);
  });

  test('that takes too long for eight pairs is not begun, and the time is named that it needs', async () => {
    const { asked, start } = laps({ plan: 1, against: 1 });
    const facts = factsOf(await measured(start, { once: { run_seconds: 20, process_seconds: 21 }, seconds: 60 }));
    expect(asked).toEqual([]);
    expect(facts.reason).toBe(
      '8 pairs of laps take about 168 s, and --seconds is 60. Give --seconds 202 or more, or a shorter input.',
    );
  });

  test('of more threads than CPUs is not called disturbed by its own threads', async () => {
    const threads = [0, 1, 0].map((cpu) => ({ cpu, waited_seconds: 0.4 }));
    const result = (await measured(laps({ plan: 1, against: 1 }, () => ({ threads })).start)) as Measured;
    expect(result.paired.verdict).toBe('same');
    expect(result.remarks).toEqual([
      'threads share CPUs, with the main thread too: that they wait for one does not disturb a lap',
    ]);
  });

  test('on other CPUs than the other side is not compared with these', async () => {
    const more = (_: number, side: SideName) => ({
      threads: [0, side === 'plan' ? 1 : 2].map((cpu) => ({ cpu, waited_seconds: 0 })),
    });
    const result = (await measured(laps({ plan: 1, against: 1 }, more).start)) as Measured;
    expect(result.paired.samples[0]?.laps[0]?.a.distance_ns).toBeNull();
    expect(result.remarks).toEqual(['the sides run on different CPUs: the distance of these is not compared']);
  });

  test('that fails ends the comparison with its words', async () => {
    const start = () => ({ lap: () => Promise.reject(new Error('the plan failed')), end: async () => {} });
    await expect(measured(start)).rejects.toThrow('the plan failed');
  });
});

describe('files of results', () => {
  const program = async () => {
    const facts = factsOf(await measured(laps({ plan: 1.2, against: 1 }).start));
    return facts.programs[0] as NonNullable<(typeof facts.programs)[0]>;
  };

  test('the plot has a point for each pair and nothing of a name that XML would read', async () => {
    const svg = plot({ ...(await program()), name: 'a<b & "c"\u0007' });
    expect(svg.match(/<circle class="kept"/g)).toHaveLength(8);
    expect(svg).toContain('<title>a&lt;b &amp; &quot;c&quot; : slower</title>');
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('the form for dashboards has the ratios first, each with its unit and its spread', async () => {
    const entries = benchmarkEntries(await program());
    expect(entries.map(({ name, unit }) => [name, unit])).toEqual([
      ['demo: time, ratio', 'ratio'],
      ['demo: peak memory, ratio', 'ratio'],
      ['demo: time', 'ms'],
      ['demo: peak memory', 'bytes'],
    ]);
    expect(entries[0]).toMatchObject({
      range: expect.stringMatching(/^± 0\.\d+$/),
      extra: expect.stringMatching(/^slower/),
    });
  });
});

describe('outputs', () => {
  function files(plan: string, against: string): [string, string] {
    const folder = temporaryFolder();
    const paths: [string, string] = [join(folder, 'plan'), join(folder, 'against')];
    for (const [index, text] of [plan, against].entries()) writeFileSync(paths[index] as string, text);
    return paths;
  }
  const LONG = 'x'.repeat(99);
  const many = (change = '') => Array.from({ length: 9000 }, (_, at) => `${at === 8000 ? change : ''}${LONG}${at}\n`);

  test('are compared byte for byte, also past a block', () => {
    expect(inOrder(...files(many().join(''), many().join('')))).toBeUndefined();
    expect(inOrder(...files(many().join(''), many('y').join('')))).toEqual({
      line: 8001,
      plan: JSON.stringify(`${LONG}8000\n`),
      against: JSON.stringify(`y${LONG}8000\n`),
    });
  });

  test('show a line end that differs, and a line that is missing', () => {
    expect(inOrder(...files('a\r\nb\n', 'a\nb\n'))).toEqual({ line: 1, plan: '"a\\r\\n"', against: '"a\\n"' });
    expect(inOrder(...files('a\n', 'a\nb\n'))).toEqual({ line: 2, plan: null, against: '"b\\n"' });
  });

  test('show of a line no control character, and no more than a terminal has room for', () => {
    const found = inOrder(...files(`\u001b[31m${'y'.repeat(1000)}\n`, '\n'));
    expect(found?.plan).toMatch(/^"\\u001b\[31my{155}"…$/);
  });

  test('are the same in any order where every line is as often in both', () => {
    expect(inAnyOrder(...files(many().join(''), many().reverse().join('')))).toBeUndefined();
    expect(inAnyOrder(...files('a\nb\n', 'b\na'))).toBeUndefined();
    expect(inAnyOrder(...files('', ''))).toBeUndefined();
  });

  test('in any order name a line that each side has more often', () => {
    expect(inAnyOrder(...files(many().join(''), many('y').reverse().join('')))).toEqual({
      line: null,
      plan: JSON.stringify(`${LONG}8000`),
      against: JSON.stringify(`y${LONG}8000`),
    });
    expect(inAnyOrder(...files('a\na\nb\n', 'a\nb\n'))).toEqual({ line: null, plan: '"a"', against: null });
  });

  const counts = (out: number) => ({
    in: { kind: 'ingress', published: 9, dropped: 0, too_large: 0, keyless: 0 },
    out: { kind: 'egress', in: 9, out, abandoned: 0, skipped: 9 - out },
  });
  const one = (out: number, reports: Record<string, unknown>) => ({
    runs: ranFor(1, 1, { boundaries: counts(out), reports }),
    process_seconds: 1,
    outputs: {},
  });

  test('differ by a count of a boundary, and by what an op reports', () => {
    const ran = {
      plan: one(8, { sum: { crc32c: ['aa'], records: 8 }, pass: null }),
      against: one(9, { sum: { crc32c: ['bb'], records: 8 }, other: { total: 1 } }),
    };
    expect(compareOutputs(SIDES, ran)).toEqual({
      equal: false,
      compared: { out: 'counts' },
      differences: [
        { kind: 'count', boundary: 'out', count: 'out', plan: 8, against: 9 },
        { kind: 'report', stage: 'sum', report: 'crc32c', plan: ['aa'], against: ['bb'] },
      ],
    });
  });

  test('do not differ by a checksum where no order of records is promised', () => {
    const sides = { plan: side('plan', BRANCHING_PLAN), against: side('against') };
    const ran = { plan: one(9, { out: { crc32c: ['aa'] } }), against: one(9, { out: { crc32c: ['bb'] } }) };
    expect(compareOutputs(sides, ran).equal).toBe(true);
  });
});

describe('the order of records', () => {
  test('is that of the input in a ring of one shard, in a chain of lanes, and where an egress restores it', () => {
    expect(orderAt(checked(IDENTITY_PLAN), 'out')).toBe(INPUT_ORDER);
    expect(orderAt(checked(GRAPH_PLAN), 'out')).toBe(INPUT_ORDER);
    const ordered = JSON.parse(BRANCHING_PLAN);
    ordered.lane_graph.boundary_policy = { out: 'Ordered' };
    expect(orderAt(checked(JSON.stringify(ordered)), 'out')).toBe(INPUT_ORDER);
  });

  test('is promised neither behind a merge that interleaves nor behind several shards', () => {
    expect(orderAt(checked(BRANCHING_PLAN), 'out')).toBeUndefined();
    expect(orderAt(checked(BRANCHING_PLAN), 'left')).toBe(INPUT_ORDER);
    const key = { kind: 'token', separator: ' ', index: 0 };
    const shards = checked(
      ringPlan([{ id: 'pass', op: 'identity' }], { shards: 2, ordering: 'PerKey', shard_key: key }),
    );
    expect(orderAt(shards, 'out')).toBeUndefined();
    expect(orderAt(shards, 'pass')).toMatch(/^2 shards/);
  });

  test('is not all that a lane loses which drops', () => {
    const dropping = JSON.parse(BRANCHING_PLAN);
    expect(mayDrop(checked(BRANCHING_PLAN))).toBe(false);
    dropping.lane_graph.on_full = 'Drop';
    expect(mayDrop(checked(JSON.stringify(dropping)))).toBe(true);
  });
});

describe('the other side', () => {
  test('has an option for every option of open', () => {
    const command = addAgainstOptions(addOpenOptions(new Command()));
    const names = command.options.map(({ long }) => long?.replace('--no-', '--') ?? '');
    const own = names.filter((name) => !name.startsWith('--against-'));
    expect(names.filter((name) => !own.includes(name))).toEqual(own.map((name) => name.replace('--', '--against-')));
  });

  test('has the options of the first but for what is said of it', () => {
    const command = addAgainstOptions(addOpenOptions(new Command()));
    command.parse(['--threads', '3', '--no-pin', '--against-wait', 'spin', '--against-pin', 'yes'], { from: 'user' });
    expect(againstAsked(command.opts())).toEqual({ wait: 'spin', pin: true });
    const plan = checked(IDENTITY_PLAN);
    expect(againstOptions(command.opts(), plan, plan)).toEqual({
      threads: 3,
      pin: true,
      profile: 'default',
      wait: 'spin',
    });
  });

  test('of the other target does not inherit sizes that only the first has', () => {
    const command = addAgainstOptions(addOpenOptions(new Command()));
    command.parse(['--capacity', '64', '--record-max', '1KiB'], { from: 'user' });
    const options = againstOptions(command.opts(), checked(IDENTITY_PLAN), checked(GRAPH_PLAN));
    expect(options).not.toHaveProperty('capacity');
    expect(options.recordMax).toBe(1024);
  });

  test('with other boundaries, or another codec, is refused', () => {
    const plan = checked(IDENTITY_PLAN);
    expect(() => checkBoundaries(plan, checked(IDENTITY_PLAN.replace('"out"', '"end"')))).toThrow(
      'The plans have other boundaries: PLAN has not the egress "end"; --against has not the egress "out".',
    );
    const utf8 = JSON.parse(IDENTITY_PLAN);
    for (const boundary of utf8.boundaries) boundary.codec = 'utf8';
    expect(() => checkBoundaries(plan, checked(JSON.stringify(utf8)))).toThrow(
      'The codec of the ingress "in" is "bytes" in PLAN and "utf8" in --against.',
    );
  });
});
