import { describe, expect, test } from 'vitest';
import { byteor } from './child.js';

const explain = (...args: string[]) => byteor(['explain', ...args]);

describe('byteor explain --expr', () => {
  test('prints type, program, bounds and the value for a record', async () => {
    const expr = 'has(record.a) && record.a > 1';
    const { code, stdout } = await explain('--expr', expr, '--record', '{"a":2}');
    expect(code).toBe(0);
    expect(stdout).toContain('type: bool\nprogram:\n');
    expect(stdout).toMatch(/ r\d = has record\.a\n/);
    expect(stdout).toContain(' Greater r');
    expect(stdout).toMatch(/bounds: \d+ steps/);
    expect(stdout).toMatch(/value: true \(bool\)\n$/);
  });

  test('marks the place of an error, of the text and of an evaluation', async () => {
    const wrong = await explain('--expr', 'record.a * 2');
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('say which: int(record.a) * 2\n  record.a * 2\n  ^^^^^^^^\n');
    const absent = await explain('--expr', '1 == record.a', '--record', '{}');
    expect(absent.stdout).toMatch(/error: .*\n {2}1 == record\.a\n/);
  });

  test('takes records of a struct as JSON', async () => {
    const codec = '{"kind":"struct","fields":[{"name":"id","type":"u32"},{"name":"name","type":"utf8(4)"}]}';
    const record = '{"id":7,"name":"ab"}';
    const { stdout } = await explain('--expr', 'record.name + string(record.id)', '--codec', codec, '--record', record);
    expect(stdout).toMatch(/value: "ab7" \(string\)\n$/);
  });

  test('refuses a codec that is none, and a record without an expression', async () => {
    expect((await explain('--expr', 'true', '--codec', 'xml')).stderr).toContain('--codec "xml" is no codec.');
    expect((await explain('--record', '{}')).stderr).toContain('Add --expr EXPR.');
  });
});
