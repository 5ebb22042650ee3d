import { describe, expect, it } from 'vitest';
import type { OpDeclarations } from '../../lib/plan/document.js';
import {
  isCallerOp,
  normalConfig,
  normalDeclarations,
  OP_CATALOG,
  roomOf,
  traitsOf,
} from '../../lib/plan/op-catalog.js';

const marks = (op: string) => {
  const { access, sink, filters, fails, emits } = traitsOf(op) ?? {};
  return { access, sink, filters, fails, emits };
};
const quiet = { sink: false, filters: false, fails: false, emits: false };

describe('the catalog of ops', () => {
  it('has the built-in ops with their marks', () => {
    expect([...OP_CATALOG.keys()].map((op) => [op, marks(op)])).toEqual([
      ['identity', { ...quiet, access: 'read' }],
      ['filter', { ...quiet, access: 'read', filters: true }],
      ['prepend', { ...quiet, access: 'write' }],
      ['append', { ...quiet, access: 'write' }],
      ['count', { ...quiet, access: 'read', sink: true }],
      ['checksum', { ...quiet, access: 'read', sink: true }],
      ['reject', { ...quiet, access: 'read', fails: true }],
      ['set_field', { ...quiet, access: 'write', fails: true }],
    ]);
  });

  it('has a help text for each op', () => {
    for (const { help } of OP_CATALOG.values()) expect(help).toMatch(/^[A-Z].{20,}\.$/);
  });

  it('asks for a config exactly where an empty one is refused', () => {
    for (const { config, configRequired } of OP_CATALOG.values())
      expect(config.safeParse({}).success).toBe(!configRequired);
  });

  it('states the room that writers need in UTF-8 bytes', () => {
    expect(roomOf({ op: 'prepend', config: { text: 'ü→' } })).toEqual({ head: 5, tail: 0 });
    expect(roomOf({ op: 'append', config: { text: 'abc' } })).toEqual({ head: 0, tail: 3 });
    expect(roomOf({ op: 'filter', config: { contains: 'abc' } })).toEqual({ head: 0, tail: 0 });
    expect(roomOf({ op: 'js:mine', config: { text: 'abc' } })).toEqual({ head: 0, tail: 0 });
  });

  it('assumes that an op of the caller writes, and leaves the rest to open', () => {
    expect(traitsOf('js:mine')).toEqual({
      access: 'write',
      sink: true,
      filters: true,
      fails: true,
      emits: false,
      emitsMax: undefined,
      keepsLayout: false,
    });
    expect(traitsOf('native:mine')).toEqual(traitsOf('js:mine'));
  });

  it('takes what an entry declares of an op of the caller, and of no other', () => {
    const says = {
      access: 'read',
      sink: false,
      filters: false,
      emits: true,
      emits_max: 3,
      keeps_layout: true,
    } as const;
    expect(traitsOf('js:mine', OP_CATALOG, says)).toEqual({
      access: 'read',
      sink: false,
      filters: false,
      fails: true,
      emits: true,
      emitsMax: 3,
      keepsLayout: true,
    });
    expect(traitsOf('append', OP_CATALOG, says)).toBe(OP_CATALOG.get('append'));
    expect(roomOf({ op: 'js:mine', room: 9 })).toEqual({ head: 0, tail: 9 });
  });

  it('takes a struct for kept behind an op that only reads, unless it emits', () => {
    const keeps = (says: OpDeclarations) => traitsOf('js:mine', OP_CATALOG, says)?.keepsLayout;
    expect(keeps({})).toBe(false);
    expect(keeps({ keeps_layout: true })).toBe(true);
    expect(keeps({ access: 'read' })).toBe(true);
    expect(keeps({ access: 'read', emits: true })).toBe(false);
  });

  it('leaves out a declaration that is the default', () => {
    const defaults = { access: 'write', filters: true, room: 0, keeps_layout: false } as const;
    expect(normalDeclarations({ id: 'a', op: 'js:x', ...defaults })).toEqual({});
    expect(normalDeclarations({ id: 'a', op: 'js:x', access: 'read', keeps_layout: true })).toEqual({ access: 'read' });
    const says = { sink: true, filters: false, emits: false, room: 1, keeps_layout: true };
    expect(normalDeclarations({ id: 'a', op: 'js:x', ...says })).toEqual(says);
  });

  it('knows an op of the caller by its name', () => {
    const names = ['js:a', 'native:Fast.path_2-x', `js:${'a'.repeat(64)}`];
    const others = [
      'js:',
      'js:2',
      'js:a b',
      'js:./a',
      'wasm:a',
      'JS:a',
      `js:${'a'.repeat(65)}`,
      'js',
      'js:a\n',
      'js:a/b',
    ];
    expect(names.filter((name) => !isCallerOp(name))).toEqual([]);
    expect(others.filter(isCallerOp)).toEqual([]);
    expect(traitsOf('toString')).toBeUndefined();
  });

  it('makes a default written out and one left out the same', () => {
    expect(normalConfig({ op: 'filter', config: { contains: 'x', invert: false } })).toEqual({ contains: 'x' });
    expect(normalConfig({ op: 'filter', config: { contains: 'x', invert: true } })).toEqual({
      contains: 'x',
      invert: true,
    });
    expect(normalConfig({ op: 'count', config: {} })).toBeUndefined();
    expect(normalConfig({ op: 'count' })).toBeUndefined();
    expect(normalConfig({ op: 'js:x', config: { invert: false } })).toEqual({ invert: false });
    expect(normalConfig({ op: 'js:x', config: {} })).toEqual({});
  });
});
