/** Records of the codec `json`: what goes in, what comes out, and what is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { RecordError, RecordTooLargeError } from '../../lib/error/errors.js';
import type { JsonValue } from '../../lib/plan/infer.js';
import { collect, openRing } from './rings.js';

const TOKEN = { kind: 'json', pointer: '/user' } as const;

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** A value nested so deeply that no stack is enough for a function that follows it. */
function bottomless(): JsonValue {
  let value: JsonValue = [];
  for (let level = 0; level < 200_000; level++) value = [value];
  return value;
}

/** Pushes what may be anything, and takes one record. */
function openJson(options: Parameters<typeof openRing>[1] = {}) {
  const pipeline = openRing({ codec: 'json' }, options);
  const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
  return { pipeline, ingress, egress, push: (value: unknown) => ingress.tryPush(value as JsonValue) };
}

const raw = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('a push of a value', () => {
  test.each<[string, JsonValue]>([
    ['an object', { user: 'ada', n: 1.5, ok: true, none: null, list: [1, [2, {}]] }],
    ['an array', [1, 'two', null]],
    ['a string', 'plain'],
    ['an empty string', ''],
    ['a number', -0.25],
    ['false', false],
    ['null', null],
    ['text of all kinds', { 'ключ \u0000 "\\" \u2028 𝄞': 'ü ✓ \n \t </script> \uffff' }],
    ['a key that objects inherit', JSON.parse('{"__proto__":{"admin":true},"constructor":1}')],
  ])('of %s comes out as the same value', async (_, value) => {
    const { ingress, egress } = openJson();
    expect(ingress.tryPush(value)).toBe('OK');
    const [got] = await collect(egress, 1);
    expect(got).toEqual(value);
    expect(JSON.stringify(got)).toBe(JSON.stringify(value));
  });

  test('of any value comes out as JSON.parse gives what JSON.stringify made of it', async () => {
    const { ingress, egress } = openJson({ capacity: 64, recordMax: 1 << 16 });
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: 'binary' }), async (value) => {
        expect(ingress.tryPush(value as JsonValue)).toBe('OK');
        expect(await collect(egress, 1)).toEqual([JSON.parse(JSON.stringify(value))]);
      }),
      { numRuns: 200 },
    );
  });

  test('says what JSON says of it: toJSON, members that are undefined, numbers that are none', async () => {
    const { push, egress } = openJson();
    push({ at: new Date(0), gone: undefined, list: [undefined, Number.NaN], far: Number.POSITIVE_INFINITY });
    expect(await collect(egress, 1)).toEqual([{ at: '1970-01-01T00:00:00.000Z', list: [null, null], far: null }]);
  });

  test('writes a lone surrogate as its escape, and it comes back', async () => {
    const pipeline = openRing({ codec: 'json', out: 'bytes' });
    pipeline.ingress('in').tryPush('\ud83d!');
    const [bytes] = (await collect(pipeline.egress('out'), 1)) as unknown as Uint8Array[];
    expect(Buffer.from(bytes as Uint8Array).toString('latin1')).toBe('"\\ud83d!"');
    expect(JSON.parse('"\\ud83d!"')).toBe('\ud83d!');
  });

  test.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /a json record is a value that JSON has, received undefined; push null, or no record/],
    ['a function', () => 1, /a json record is a value that JSON has, received a function/],
    ['a symbol', Symbol('s'), /received Symbol\(s\)/],
    ['a bigint', { id: 1n }, /JSON\.stringify refused this one: .*BigInt/],
    [
      'a value too deep for the stack',
      bottomless(),
      /JSON\.stringify refused this one: Maximum call stack size exceeded/,
    ],
    ['a toJSON that gives nothing', { toJSON: () => undefined }, /received an object \(Object\)/],
  ])('of %s throws a RecordError, and nothing is published', (_, value, words) => {
    const { pipeline, ingress, push } = openJson();
    expect(() => push(value)).toThrow(RecordError);
    expect(() => push(value)).toThrow(words);
    ingress.flush();
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 0 });
  });

  test('of a cycle throws a RecordError that names the place on one line', async () => {
    const { push, ingress, egress } = openJson();
    const ring: Record<string, unknown> = { inner: {} };
    (ring.inner as Record<string, unknown>).back = ring;
    expect(() => push(ring)).toThrow(
      /refused this one: Converting circular structure to JSON --> .*'back' closes the circle$/,
    );
    await expect(ingress.push(ring as never)).rejects.toThrow(RecordError);
    await expect(ingress.pushBatch([1, ring as never])).rejects.toMatchObject({ code: 'BAD_RECORD', index: 1 });
    expect(await collect(egress, 1)).toEqual([1]);
  });

  test('passes on what a toJSON throws', () => {
    const { push } = openJson();
    const broken = {
      toJSON: () => {
        throw new SyntaxError('mine');
      },
    };
    expect(() => push(broken)).toThrow(new SyntaxError('mine'));
  });
});

describe('a record of the longest that fits', () => {
  test('goes in to the last byte, and one byte more is TOO_LARGE', async () => {
    const { ingress, egress } = openJson({ recordMax: 64 });
    expect(ingress.recordMax).toBe(64);
    expect(ingress.tryPush('x'.repeat(62))).toBe('OK');
    expect(ingress.tryPush('ü'.repeat(31))).toBe('OK');
    expect(ingress.tryPush('x'.repeat(63))).toBe('TOO_LARGE');
    expect(ingress.tryPushRaw('1'.repeat(65))).toBe('TOO_LARGE');
    await expect(ingress.push('ü'.repeat(32))).rejects.toThrow(RecordTooLargeError);
    expect(await collect(egress, 2)).toEqual(['x'.repeat(62), 'ü'.repeat(31)]);
  });
});

describe('a raw push', () => {
  test('puts a text or bytes in as they are, and a bytes egress gets them so', async () => {
    const pipeline = openRing({ codec: 'json', out: 'bytes' });
    const ingress = pipeline.ingress('in');
    const texts = ['{ "a" : 1.0 }', '{"a":1,"a":2}', '12345678901234567890', 'no JSON at all', ''];
    for (const text of texts) expect(ingress.tryPushRaw(text)).toBe('OK');
    expect(await ingress.pushRaw(Buffer.from([0xff, 0x00]))).toBe('OK');
    const got = (await collect(pipeline.egress('out'), 6)) as unknown as Uint8Array[];
    expect(got.map((bytes) => Buffer.from(bytes).toString('latin1'))).toEqual([...texts, '\xff\x00']);
  });

  test('is for texts, and for the codec json', async () => {
    const { ingress } = openJson();
    expect(() => ingress.tryPushRaw({} as never)).toThrow(
      /a raw json record is a string or a Uint8Array .*received an object/,
    );
    await expect(ingress.pushRaw(7 as never)).rejects.toThrow(RecordError);
    const utf8 = openRing({ codec: 'utf8' }).ingress('in');
    expect(() => utf8.tryPushRaw('1')).toThrow('"in" has the codec "utf8": only a json ingress takes raw texts');
    await expect(utf8.pushRaw('1')).rejects.toMatchObject({ code: 'WRONG_USE' });
  });
});

describe('a poll', () => {
  test.each<[string, string, unknown]>([
    ['of a big integer gives the nearest double', '12345678901234567890', 12345678901234567000],
    ['of 1e400 gives Infinity', '1e400', Number.POSITIVE_INFINITY],
    ['of -0 gives -0', '-0', -0],
    ['of two members with one name gives the last', '{"a":1,"b":0,"a":2}', { a: 2, b: 0 }],
    ['of a lone surrogate escape gives it', '"\\ud83d"', '\ud83d'],
    ['of bytes that are no UTF-8 gives U+FFFD', '"a\xff\xc3("', 'a\ufffd\ufffd('],
    ['of white space around a value gives the value', ' \t\r\n[1 , 2]\n ', [1, 2]],
    ['of a thousand levels gives them', nested(1000), JSON.parse(nested(1000))],
    ['of an escaped NUL gives it', '"\\u0000"', '\u0000'],
  ])('%s', async (_, text, value) => {
    const { ingress, egress } = openJson();
    ingress.tryPushRaw(raw(text));
    expect(await collect(egress, 1)).toStrictEqual([value]);
  });

  test('keeps a member __proto__ as one of the object, and makes it no prototype', async () => {
    const { ingress, egress } = openJson();
    ingress.tryPushRaw('{"__proto__":{"admin":true}}');
    const [got] = (await collect(egress, 1)) as [object];
    expect(Object.keys(got)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
    expect('admin' in got).toBe(false);
  });

  test.each([
    ['no bytes', ''],
    ['white space', ' '],
    ['a byte-order mark', '\xef\xbb\xbf1'],
    ['a comma too many', '[1,]'],
    ['a single quote', "{'a':1}"],
    ['a comment', '1 // one'],
    ['NaN', 'NaN'],
    ['a number with a leading zero', '01'],
    ['a number that ends with a point', '1.'],
    ['a control character in a string', '"\n"'],
    ['an escape that is none', '"\\x"'],
    ['half a text', '{"a":'],
    ['two texts', '1 2'],
    ['an end too many', `${nested(1000)}]`],
    ['a NUL behind it', '1\0'],
  ])('of a record that is %s throws a RecordError; the record has been taken', async (_, text) => {
    const { ingress, egress } = openJson();
    ingress.tryPushRaw(raw(text));
    ingress.tryPushRaw('"next"');
    ingress.flush();
    const words = /^a record that is not JSON came to a json boundary \(.+\); give this boundary the codec/;
    await egress.ready();
    let error: unknown;
    for (let tries = 0; error === undefined && tries < 1e6; tries++)
      try {
        egress.poll(() => {});
      } catch (thrown) {
        error = thrown;
      }
    expect(error).toBeInstanceOf(RecordError);
    expect((error as Error).message).toMatch(words);
    expect(await collect(egress, 1)).toEqual(['next']);
  });

  test('one by one ends at a record that is not JSON', async () => {
    const { ingress, egress } = openJson();
    ingress.tryPush(null);
    ingress.tryPushRaw('oops');
    ingress.close();
    const got: unknown[] = [];
    const all = (async () => {
      for await (const record of egress) got.push(record);
    })();
    await expect(all).rejects.toThrow(RecordError);
    expect(got).toEqual([null]);
  });
});

describe('a cursor', () => {
  test('parses the value when it is first asked for, and gives the same one again', async () => {
    const { ingress, egress } = openJson();
    for (const text of ['{"n":1}', 'no JSON', '{"n":3}']) ingress.tryPushRaw(text);
    ingress.flush();
    const seen: unknown[] = [];
    let number = 0;
    while (number < 3) {
      egress.pollInPlace((cursor) => {
        const { bytes, offset, length, fields } = cursor;
        seen.push(Buffer.from(bytes.subarray(offset, offset + length)).toString(), fields);
        // The record in the middle is no JSON, and is not touched.
        if (number++ === 1) return;
        const { value } = cursor;
        expect(cursor.value).toBe(value);
        seen.push(value);
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen).toEqual(['{"n":1}', undefined, { n: 1 }, 'no JSON', undefined, '{"n":3}', undefined, { n: 3 }]);
  });

  test('throws for a value that cannot be parsed where it is touched', async () => {
    const { ingress, egress } = openJson();
    ingress.tryPushRaw('oops');
    ingress.flush();
    await egress.ready();
    const touched: unknown[] = [];
    while (touched.length === 0)
      egress.pollBatch((cursor) => {
        if (!cursor.next()) return;
        try {
          touched.push(cursor.value);
        } catch (error) {
          touched.push((error as Error).name);
        }
      });
    expect(touched).toEqual(['RecordError']);
  });

  test('has a value for every codec: what poll gives', async () => {
    const { ingress, egress } = (() => {
      const pipeline = openRing({ codec: 'utf8' });
      return { ingress: pipeline.ingress('in'), egress: pipeline.egress('out') };
    })();
    ingress.tryPushBatch(['one', 'two']);
    ingress.flush();
    const values: string[] = [];
    while (values.length < 2) {
      egress.pollBatch((cursor) => {
        while (cursor.next()) values.push(cursor.value);
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(values).toEqual(['one', 'two']);
  });
});

describe('several shards', () => {
  test('get a value by its JSON key, and it is made into a text once', async () => {
    const pipeline = openRing({ codec: 'json', shards: 2, shard_key: TOKEN });
    const ingress = pipeline.ingress('in');
    let made = 0;
    for (const user of ['ada', 'bob', 'cyd', 'dan'])
      ingress.tryPush({
        toJSON() {
          made++;
          return { user, made };
        },
      });
    ingress.tryPushRaw('{"user":"eve","made":5}');
    ingress.flush();
    const got = (await collect(pipeline.egress('out'), 5)) as { user: string; made: number }[];
    expect(made).toBe(4);
    expect(got.sort((a, b) => a.made - b.made).map(({ user }) => user)).toEqual(['ada', 'bob', 'cyd', 'dan', 'eve']);
  });
});

describe('a toJSON that uses the handle', () => {
  test('pushes before the record that it belongs to', async () => {
    const { push, ingress, egress } = openJson();
    push({
      toJSON() {
        ingress.tryPush('inner');
        return 'outer';
      },
    });
    expect(await collect(egress, 2)).toEqual(['inner', 'outer']);
  });

  test('and claims: the claim is void, for the record takes its place', async () => {
    const { push, ingress, egress } = openJson();
    push({
      toJSON: () => {
        ingress.claim(3);
        return 'outer';
      },
    });
    expect(() => ingress.publish()).toThrow(/void claim/);
    expect(await collect(egress, 1)).toEqual(['outer']);
  });

  test.each(['close', 'release'] as const)('and ends the ingress by %s: the record does not go in', (how) => {
    const { push, ingress, pipeline } = openJson();
    const status = push({
      toJSON: () => {
        ingress[how]();
        return 'late';
      },
    });
    expect(status).toBe('CLOSED');
    expect(pipeline.ledger().boundaries.in).toMatchObject({ published: 0 });
  });
});

describe('streams', () => {
  test('carry values as chunks', async () => {
    const { ingress, egress } = openJson();
    const got: unknown[] = [];
    const sink = new Writable({
      objectMode: true,
      write(chunk, _, done) {
        got.push(chunk);
        done();
      },
    });
    await Promise.all([
      piped(Readable.from([{ a: 1 }, 'two', false, [3]]), ingress.writable()),
      piped(egress.readable(), sink),
    ]);
    expect(got).toEqual([{ a: 1 }, 'two', false, [3]]);
  });

  test('of Node end with a RecordError at the record null, and web streams carry it', async () => {
    const one = openJson();
    one.ingress.tryPush(null);
    one.ingress.close();
    await expect(one.egress.readable().toArray()).rejects.toThrow(/the json record null is no chunk of a Node stream/);
    const other = openJson();
    other.ingress.tryPush(null);
    other.ingress.close();
    const chunks: unknown[] = [];
    for await (const chunk of other.egress.readableWeb()) chunks.push(chunk);
    expect(chunks).toEqual([null]);
  });

  test('of bytes are refused', () => {
    const { ingress, egress } = openJson();
    expect(() => ingress.writable({ objectMode: false })).toThrow(
      /objectMode is false: the records of this boundary are values/,
    );
    expect(() => egress.readable({ objectMode: false })).toThrow(/objectMode is false/);
  });
});

describe('files of lines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-json-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are a text a line, with its bytes as they are', async () => {
    const [source, copy] = [join(folder, 'in'), join(folder, 'copy')];
    const lines = '{ "a" : 1.0 }\r\n12345678901234567890\n["\\u00fc", "ü"]';
    writeFileSync(source, lines);
    const pipeline = openRing({ codec: 'json' }, { ports: { in: { lines: source }, out: { lines: copy } } } as never);
    await pipeline.finished();
    expect(readFileSync(copy, 'utf8')).toBe(lines);
  });

  test('are polled as values, and pushed values are written as lines', async () => {
    const [source, out] = [join(folder, 'values'), join(folder, 'out')];
    writeFileSync(source, '{"n":1}\n{"n":2}\n');
    const reading = openRing({ codec: 'json' }, { ports: { in: { lines: source } } } as never);
    expect(await collect(reading.egress('out'), 2)).toEqual([{ n: 1 }, { n: 2 }]);
    const writing = openRing({ codec: 'json' }, { ports: { out: { lines: out } } } as never);
    writing.ingress('in').tryPushBatch([{ text: 'two\nlines' }, 7]);
    await writing.stop();
    expect(readFileSync(out, 'utf8')).toBe('{"text":"two\\nlines"}\n7\n');
  });
});

test('columns are not for values', () => {
  const { ingress, egress } = openJson();
  expect(() => ingress.tryPushColumns(1, () => {})).toThrow(/its codec is "json", not a struct/);
  expect(() => egress.pollColumns(() => {})).toThrow(/its codec is "json", not a struct/);
});

test('a claim is written in place, and polled as what its bytes say', async () => {
  const { ingress, egress } = openJson();
  const writer = ingress.claim(16);
  if (writer === undefined) throw new Error('no room');
  expect(writer.fields).toBe(undefined);
  ingress.publish(writer.buffer.write('{"x":1}', writer.offset));
  expect(await collect(egress, 1)).toEqual([{ x: 1 }]);
});
