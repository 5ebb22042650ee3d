import { describe, expect, it } from 'vitest';
import { compareRanks, DocumentOrder } from '../../lib/plan/document-order.js';
import { validate, validateText } from '../../lib/validate/validate.js';

describe('the order of a document', () => {
  const order = new DocumentOrder({ b: [{ y: 1, x: 2 }, 0], a: { c: null } });

  it('is that of its keys and items, a place before what is in it, what a map lacks where it begins', () => {
    const places = ['/missing', '', '/b', '/b/0/lacks', '/b/0', '/b/0/y', '/b/0/x', '/b/1', '/a', '/a/c'] as const;
    const ranks = places.map((path) => ({ path, rank: order.rankOf(path, 'value') }));
    expect(ranks.toReversed().toSorted((one, other) => compareRanks(one.rank, other.rank))).toEqual(ranks);
  });

  it('has the key of a place before its value, and items by number', () => {
    expect(compareRanks(order.rankOf('/a', 'key'), order.rankOf('/a', 'value'))).toBeLessThan(0);
    const list = new DocumentOrder(Array.from({ length: 11 }, () => 0));
    expect(compareRanks(list.rankOf('/2', 'value'), list.rankOf('/10', 'value'))).toBeLessThan(0);
  });
});

const PLAN = {
  lane_graph: { connections: [{ to: 'zzz', from: 'in', lane: { kind: 'Event' } }], on_full: 'Wait' },
  boundaries: [{ kind: 'ingress' }, { codec: 'utf9', id: 'out', kind: 'egress' }],
  stages: [{ op: 'nothing', id: '1' }],
  target: 'LaneGraph',
  version: 3,
};
const WANTED = [
  '/name',
  '/lane_graph/connections/0/to',
  '/lane_graph/connections/0/lane/kind',
  '/lane_graph/on_full',
  '/boundaries/0/id',
  '/boundaries/1/codec',
  '/stages/0/op',
  '/stages/0/id',
  '/version',
];
const pathsOf = ({ diagnostics }: { diagnostics: readonly { path: string }[] }) => diagnostics.map(({ path }) => path);

describe('a report', () => {
  it('is in the order of the document as it was written', () => {
    expect(pathsOf(validate(PLAN))).toEqual(WANTED.filter((path) => path !== '/lane_graph/connections/0/to'));
  });

  it('is in the same order from text, by line and column', () => {
    const { diagnostics } = validateText(JSON.stringify(PLAN, null, 2));
    expect(diagnostics.map(({ path }) => path)).toEqual(pathsOf(validate(PLAN)));
    const places = diagnostics.map(({ line = 0, column = 0 }) => [line, column]);
    expect(places.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d)).toEqual(places);
  });

  it('has what stands at an anchor by the line of the anchor', () => {
    const text =
      'version: 2\nname: x\ntarget: SingleRing\nstages: [{ id: a, op: &op nothing }]\nboundaries: 7\nsingle_ring: *op\n';
    const lines = validateText(text).diagnostics.map(({ line = 0 }) => line);
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
    expect(lines).toHaveLength(3);
  });
});
