import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawGraph, NODES_MAX } from '../../lib/describe/drawing.js';

/** `a<b,c` is node a after b and c; nodes in topological order. */
function draw(...nodes: string[]): string | null {
  const names = nodes.map((node) => node.split('<')[0] ?? '');
  const before = nodes.map((node) => {
    const list = node.split('<')[1];
    return list === undefined ? [] : list.split(',').map((name) => names.indexOf(name));
  });
  return drawGraph({ names, before })?.join('\n') ?? null;
}

const lines = (...rows: string[]): string => rows.join('\n');

describe('drawGraph', () => {
  it('draws a chain on one line', () => {
    expect(draw('in', 'a<in', 'out<a')).toBe('in ─▶ a ─▶ out');
  });

  it('draws two arms around the line that they leave and meet', () => {
    expect(draw('in', 'head<in', 'left<head', 'right<head', 'tail<left,right', 'out<tail')).toBe(
      lines('            ┌─▶ left ──┐', 'in ─▶ head ─┤          ├─▶ tail ─▶ out', '            └─▶ right ─┘'),
    );
  });

  it('draws three arms with the middle one on the line', () => {
    expect(draw('in', 'a<in', 'b<in', 'c<in', 'out<a,b,c')).toBe(
      lines('    ┌─▶ a ─┐', 'in ─┼─▶ b ─┼─▶ out', '    └─▶ c ─┘'),
    );
  });

  it('draws a node without a name as a line', () => {
    expect(draw('in', 'a<in', '<in', 'out<a,')).toBe(lines('    ┌─▶ a ─┐', 'in ─┤      ├─▶ out', '    └──────┘'));
  });

  it('draws arms inside arms', () => {
    expect(draw('in', 'a<in', 'b<a', 'c<a', 'd<b,c', 'e<in', 'out<d,e')).toBe(
      lines(
        '           ┌─▶ b ─┐',
        '    ┌─▶ a ─┤      ├─▶ d ─┐',
        'in ─┤      └─▶ c ─┘      ├─▶ out',
        '    │                    │',
        '    └─▶ e ───────────────┘',
      ),
    );
  });

  it('draws several first and last nodes without bars on the open side', () => {
    expect(draw('first', 'second', 'join<first,second', 'x<join', 'yy<join')).toBe(
      lines('first ──┐         ┌─▶ x', '        ├─▶ join ─┤', 'second ─┘         └─▶ yy'),
    );
  });

  it('does not draw what follows from the rest', () => {
    expect(draw('in', 'a<in', 'b<in,a', 'out<a,b')).toBe('in ─▶ a ─▶ b ─▶ out');
  });

  it('gives up on an order that is not a nest of lines and arms', () => {
    expect(draw('in', 'a<in', 'b<in', 'c<a,b', 'd<b', 'out<c,d')).toBeNull();
  });

  it('gives up on what would not fit a terminal', () => {
    const wide = Array.from({ length: 20 }, (_, at) => (at === 0 ? 'node-0' : `node-${at}<node-${at - 1}`));
    expect(draw(...wide)).toBeNull();
    const tall = Array.from({ length: 30 }, (_, at) => `arm-${at}<in`);
    expect(draw('in', ...tall)).toBeNull();
    const many = { names: Array(NODES_MAX + 1).fill('n'), before: Array(NODES_MAX + 1).fill([]) };
    expect(drawGraph(many)).toBeNull();
  });

  it('names every node once in any drawing, and never throws', () => {
    const graphs = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.tuple(
          ...Array.from({ length: size }, (_, at) => (at === 0 ? fc.constant([]) : fc.subarray([...Array(at).keys()]))),
        ),
      );
    fc.assert(
      fc.property(graphs, (before) => {
        const names = before.map((_, at) => `n${String.fromCharCode(97 + at)}`);
        const drawn = drawGraph({ names, before })?.join('\n');
        const found = drawn?.match(/n[a-l]/g)?.sort() ?? names;
        expect(found).toEqual(names);
      }),
    );
  });
});
