import { describe, expect, test } from 'vitest';
import { keysAt, type Side } from '../../lib/adapter/adapter.js';
import { checkPort, isProblem } from '../../lib/adapter/check.js';
import { endsJsonSchema, portSchema } from '../../lib/adapter/config-schema.js';
import { fileTarget, flatOf, portOf, withTarget } from '../../lib/adapter/port.js';
import { ADAPTERS, adaptersAt, findAdapter, findShort } from '../../lib/adapter/registry.js';
import { capabilities } from '../../lib/runtime/machine.js';
import { matchesSchema } from '../support/json-schema-check.js';

const SIDES: readonly Side[] = ['ingress', 'egress'];

describe('the table of adapters', () => {
  test('has the rows of the core, with the same sides', () => {
    const rows = ADAPTERS.map(({ name, sides }) => ({
      adapter: name,
      ingress: sides.ingress !== undefined,
      egress: sides.egress !== undefined,
    }));
    expect(capabilities().adapters).toEqual(rows);
  });

  test.each(ADAPTERS.map((adapter) => [adapter.name, adapter] as const))(
    '%s says what its parts ask for: a target that it has, flags that are flags, keys in snake_case',
    (name, adapter) => {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(findAdapter(name)).toBe(adapter);
      expect(adapter.keys[adapter.target]).toMatchObject({ required: true });
      expect(adapter.keys[adapter.target]?.sides).toBeUndefined();
      for (const flag of adapter.flags) expect(adapter.keys[flag]?.type).toBe('flag');
      for (const [key, { help }] of Object.entries(adapter.keys)) {
        expect(key).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(['adapter', name]).not.toContain(key);
        expect(help).toMatch(/\.$/);
      }
    },
  );
});

describe('a port', () => {
  test.each([
    [
      { lines: 'a.log', append: true },
      { adapter: 'lines', path: 'a.log', append: true },
    ],
    [
      { replay: 'j', from: 5 },
      { adapter: 'replay', folder: 'j', from: 5 },
    ],
  ])('%j is %j', (short, long) => {
    const { adapter, ...config } = long;
    for (const form of [short, long]) {
      const flat = flatOf(form);
      expect(flat).toEqual({ adapter: findAdapter(adapter), config });
      if (flat !== undefined) expect(portOf(flat.adapter, flat.config)).toEqual(short);
    }
    expect(findShort(long)).toBeUndefined();
  });

  test('of a file has its path, and may get another', () => {
    expect(fileTarget({ lines: '-' })).toBe('-');
    expect(fileTarget({ adapter: 'lines', path: 'a' })).toBe('a');
    expect(fileTarget({ replay: 'j' })).toBeUndefined();
    expect(fileTarget('discard')).toBeUndefined();
    expect(withTarget({ lines: 'a', append: true }, 'b')).toEqual({ lines: 'b', append: true });
  });

  test('is complete once it is checked', () => {
    expect(checkPort('egress', { lines: 'a' })).toMatchObject({ config: { path: 'a', append: false } });
    expect(checkPort('ingress', { replay: 'j', last: undefined })).toMatchObject({
      config: { folder: 'j', pace: 'fast' },
    });
  });

  test.each(SIDES)('in its long form at an %s is what its JSON Schema says', (side) => {
    for (const adapter of adaptersAt(side)) {
      const schema = portSchema(adapter, side) as { properties: object; required: string[] };
      expect(Object.keys(schema.properties)).toEqual(['adapter', ...keysAt(adapter, side).map(([key]) => key)]);
      const values = { text: 'x', integer: 1, flag: true, word: '' } as const;
      const required = Object.fromEntries(
        schema.required.map((key) => [
          key,
          key === 'adapter' ? adapter.name : values[adapter.keys[key]?.type ?? 'text'],
        ]),
      );
      expect(isProblem(checkPort(side, required))).toBe(false);
    }
  });

  test.each([
    ['discard', true],
    [{ adapter: 'lines', path: 'a' }, true],
    [{ adapter: 'lines', path: 'a', append: true }, true],
    [{ lines: 'a', append: false }, true],
    [{ replay: 'j', from: 0, pace: 'recorded' }, true],
    ['js', false],
    [{ adapter: 'linse', path: 'a' }, false],
    [{ adapter: 'lines' }, false],
    [{ adapter: 'lines', path: '' }, false],
    [{ lines: 'a', path: 'b' }, false],
    [{ replay: 'j', append: true }, false],
    [{ replay: 'j', last: 0 }, false],
  ])('%j in a file of ends: its JSON Schema says %s', (end, sound) => {
    const schema = endsJsonSchema();
    expect(matchesSchema(schema, schema, { some_id: end })).toBe(sound);
    const ports = SIDES.map((side) => checkPort(side, end));
    expect(ports.some((checked) => !isProblem(checked) && checked.port !== 'js')).toBe(sound);
  });

  test('with a key that every object inherits is refused', () => {
    expect(checkPort('ingress', { adapter: 'lines', path: 'x', toString: 'y' })).toMatchObject({ key: 'toString' });
    expect(checkPort('ingress', { adapter: 'toString', path: 'x' })).toMatchObject({ key: 'adapter' });
    const tainted = JSON.parse('{"adapter":"lines","path":"x","__proto__":1}');
    expect(checkPort('ingress', tainted)).toMatchObject({ key: '__proto__' });
  });
});
