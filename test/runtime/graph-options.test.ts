import { describe, expect, test } from 'vitest';
import { inOptionNames } from '../../lib/cli/open-options.js';
import { OptionError } from '../../lib/error/errors.js';
import type { Lane, LaneGraphPlan } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import { checkOptions, type OpenOptions, planFacts } from '../../lib/runtime/options.js';
import { compile, type Version } from '../../lib/version/version.js';
import { ringVersion } from './rings.js';

const graph = (...lanes: readonly Lane[]): LaneGraphPlan => ({
  version: 2,
  name: 'graph',
  target: 'LaneGraph',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  lane_graph: { connections: lanes.map((lane) => ({ from: 'in', to: 'pass', lane })) },
});

const EVENTS = planFacts(graph({ kind: 'Events' }));
const JOURNAL = planFacts(graph({ kind: 'Journal' }));
const RING = planFacts(ringVersion({ codec: 'utf8' }).plan);

describe('a graph', () => {
  test('takes the sizes of its lanes and the folder of its journals', () => {
    expect(checkOptions({ laneBytes: 65_536, journal: { folder: 'logs' } }, JOURNAL)).toMatchObject({
      sizes: { laneBytes: 65_536 },
      native: { journalFolder: 'logs' },
    });
    expect(checkOptions({}, EVENTS)).toMatchObject({ sizes: { laneBytes: undefined }, native: { journalFolder: '' } });
  });

  test.each([
    [{ laneBytes: 63 }, EVENTS, 'laneBytes is 63: give an integer from 64 to 1073741824, or leave it out'],
    [{ laneBytes: 2 ** 31 }, EVENTS, 'laneBytes is 2147483648: give an integer from 64 to 1073741824'],
    [{ journal: 'logs' }, JOURNAL, 'journal is the string "logs": give { folder: PATH }'],
    [{ journal: {} }, JOURNAL, 'journal.folder is undefined: give the path of a folder'],
    [{ journal: { folder: '' } }, JOURNAL, 'journal.folder is the string "": give the path of a folder'],
    [{ journal: { folder: 'a', sync: true } }, JOURNAL, 'journal.sync is true: journal takes "folder"'],
    [{ journal: { folder: 'a' } }, EVENTS, 'no connection of the plan has a Journal lane: leave it out'],
    [
      { capacity: 5 },
      EVENTS,
      'capacity is 5: a LaneGraph has lanes, not shards: give laneBytes, or capacities in the plan',
    ],
    [{ arenaBytes: 4096 }, EVENTS, 'arenaBytes is 4096: a LaneGraph has lanes, not shards'],
    [{ publication: 'slot' }, EVENTS, 'publication is the string "slot": it belongs to rings of fixed records'],
    [{ laneBytes: 4096 }, RING, 'laneBytes is 4096: a SingleRing has no lanes: give capacity and arenaBytes'],
    [{ journal: { folder: 'a' } }, RING, 'a SingleRing has no journals: leave it out'],
  ])('is refused %o', (options, facts, message) => {
    const check = () => checkOptions(options as OpenOptions, facts);
    expect(check).toThrow(message);
    expect(check).toThrow(OptionError);
  });

  test('is told about on the command line in its words', () => {
    expect(inOptionNames('journal.folder is the string "": give the path of a folder')).toMatch(/^--journal is/);
    expect(inOptionNames('laneBytes is 63: …')).toBe('--lane-bytes is 63: …');
    expect(inOptionNames('cannot write the journal "x"')).toBe('cannot write the journal "x"');
  });
});

/** What `open` throws before the core is asked. */
function refusal(options: OpenOptions, version: Version = compile(writer())): unknown {
  try {
    open(version, options).halt();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A lane of slots behind an op that adds to each record, which is where a limit is met first. */
const writer = (lane: Lane = { kind: 'SequencedSlots', capacity: 4, gating: 4 }): LaneGraphPlan => ({
  ...graph(lane),
  stages: [{ id: 'pass', op: 'append', config: { text: '0123456789abcdef0123456789abcdef' } }],
  lane_graph: {
    connections: [
      { from: 'in', to: 'pass', lane: { kind: 'Events' } },
      { from: 'pass', to: 'out', lane },
    ],
  },
});

describe('what the core would refuse with OPTION_RANGE', () => {
  test('is an OptionError, also where it hangs on the plan', () => {
    const error = refusal({ recordMax: 2 ** 29 - 16 });
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({ option: 'recordMax', received: 2 ** 29 - 16 });
    expect((error as Error).message).toBe(
      "recordMax is 536870896; with what this plan's ops add, lane pass->out would need more than 1073741824 bytes",
    );
  });

  test.each([{ recordMax: 0 }, { recordMax: 2 ** 29 + 1 }, { laneBytes: 63 }, { laneBytes: 2 ** 30 + 1 }])(
    '%j is an OptionError',
    (options) => {
      expect(refusal(options)).toBeInstanceOf(OptionError);
    },
  );
});

test('a graph that needs more than any machine has says how much', () => {
  const slots: Lane = { kind: 'SequencedSlots', capacity: 2 ** 30, gating: 4 };
  const ids = ['in', ...Array.from({ length: 1000 }, (_, stage) => `stage-${stage}`), 'out'];
  const long = compile({
    ...graph(slots),
    stages: ids.slice(1, -1).map((id) => ({ id, op: 'identity' as const })),
    lane_graph: { connections: ids.slice(1).map((to, at) => ({ from: ids[at] as string, to, lane: slots })) },
  });
  const error = refusal({}, long);
  expect(error).toMatchObject({ code: 'MEMORY_LIMIT' });
  // 24 bytes a slot, 8 of them its ordinal where a stage writes the lane, and what the rest of the region takes.
  expect((error as Error).message).toMatch(
    /^plan "graph" needs 25[78]\d{11} bytes, but .*: ask for smaller lanes, or raise the limit$/,
  );
});

test('a record that a lane behind slots does not take is named by its place in its ingress', async () => {
  const pipeline = open(
    compile({
      ...graph({ kind: 'Events' }),
      stages: [
        { id: 'keep', op: 'filter', config: { contains: 'x' } },
        { id: 'pass', op: 'identity' },
      ],
      lane_graph: {
        connections: [
          { from: 'in', to: 'keep', lane: { kind: 'Events' } },
          { from: 'keep', to: 'pass', lane: { kind: 'SequencedSlots', capacity: 64, gating: 4 } },
          { from: 'pass', to: 'out', lane: { kind: 'Events', capacity_bytes: 64 } },
        ],
      },
    }),
    { ports: { out: 'discard' } },
  );
  const ingress = pipeline.ingress('in');
  for (const text of ['a', 'b', 'x', 'x'.repeat(100)]) await ingress.push(Buffer.from(text));
  ingress.close();
  const { failure } = await pipeline.stop();
  expect(failure).toMatchObject({ stage: 'pass', sequence: 3 });
});
