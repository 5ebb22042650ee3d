import { describe, expect, test } from 'vitest';
import { inOptionNames } from '../../lib/cli/open-options.js';
import type { Lane, LaneGraphPlan } from '../../lib/plan/document.js';
import { OptionError } from '../../lib/runtime/errors.js';
import { leastGraphMemory } from '../../lib/runtime/graph-memory.js';
import { checkOptions, type OpenOptions, planFacts } from '../../lib/runtime/options.js';
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
      laneBytes: 65_536,
      journalFolder: 'logs',
    });
    expect(checkOptions({}, EVENTS)).toMatchObject({ laneBytes: 0, journalFolder: '' });
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

describe('the memory of lanes', () => {
  const bytes = (sizes: Parameters<typeof leastGraphMemory>[1], ...lanes: readonly Lane[]) =>
    leastGraphMemory(graph(...lanes).lane_graph, sizes);

  test('is a power of two, as stated, as asked for, or by default', () => {
    expect(bytes({}, { kind: 'Events' })).toBe(2 ** 20);
    expect(bytes({ laneBytes: 5000 }, { kind: 'Events' }, { kind: 'Journal' })).toBe(2 * 8192);
    expect(bytes({ laneBytes: 5000 }, { kind: 'Events', capacity_bytes: 100 })).toBe(128);
  });

  test('grows with the largest record where nothing is stated', () => {
    expect(bytes({ recordMax: 2 ** 20 }, { kind: 'Journal' })).toBe(2 ** 22);
  });

  test('counts a shared broadcast once, and slots with their arena', () => {
    const fanout = { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 1024 } as const;
    expect(bytes({}, fanout, fanout)).toBe(1024);
    expect(bytes({}, { kind: 'SequencedSlots', capacity: 100, gating: 4 })).toBe(128 * 16 + 2 ** 20);
  });
});
