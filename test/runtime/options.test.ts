import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ARENA_BYTES_MAX,
  BATCH_RECORDS_MAX,
  FIRST_SEQUENCE_MAX,
  LANE_BYTES_MIN,
  RECORD_BYTES_MAX,
  SLOTS_MAX,
  THREADS_MAX,
} from '../../lib/abi/limits.js';
import { OpenError, OptionError } from '../../lib/error/errors.js';
import { nativeAddon } from '../../lib/runtime/native.js';
import { open } from '../../lib/runtime/open.js';
import { openRing, ringVersion } from './rings.js';

const version = ringVersion({ codec: 'utf8' });
const wrongly = (options: unknown) => () => open(version, options as never);

describe('open refuses', () => {
  test.each([
    [
      { target: 'SingleRing', stages: [], boundaries: [] },
      'open takes a version, received a plan: call open(compile(plan)',
    ],
    [undefined, 'open takes a version, received undefined: call open(compile(plan)'],
    ['plan.json', 'open takes a version, received the string "plan.json": call open(compile(plan)'],
  ])('what is not a version: %o', (version, words) => {
    const opening = (): unknown => open(version as never);
    expect(opening).toThrow(OptionError);
    expect(opening).toThrow(words);
  });

  test.each([
    [{ capacity: 0 }, 'capacity is 0: give an integer from 1 to 1073741824, or leave it out'],
    [{ capacity: 1.5 }, 'capacity is 1.5: give an integer from 1 to 1073741824'],
    [{ capacity: '8' }, 'capacity is the string "8": give an integer'],
    [{ recordMax: 2 ** 30 }, 'recordMax is 1073741824: give an integer from 1 to 536870912'],
    [{ arenaBytes: 3_000_000 }, 'arenaBytes is 3000000: give a power of two, like 4194304'],
    [{ arenaBytes: 1024 }, 'arenaBytes is 1024'],
    [{ batchRecords: 0 }, 'batchRecords is 0: give an integer from 1 to 65536'],
    [{ threads: 257 }, 'threads is 257: give an integer from 1 to 256'],
    [{ profile: 'fast' }, 'profile is the string "fast": give one of "default", "low-latency", "isolated-core"'],
    [{ wait: 'busy' }, 'wait is the string "busy": give one of "profile", "adaptive", "spin", "yield", "park"'],
    [{ publication: 1 }, 'publication is 1: give one of "profile", "cursor", "slot"'],
    [{ pin: 'yes' }, 'pin is the string "yes": give true or false'],
    [{ observe: 1 }, 'observe is 1: give true or false'],
    [{ cpus: 3 }, 'cpus is 3: give an array of CPU numbers'],
    [{ cpus: [0, -1] }, 'cpus[1] is -1: give an integer from 0 to 1023'],
    [{ cpus: [0, 0] }, 'cpus is 0: two threads cannot be pinned to one CPU; name each CPU once'],
    [{ firstSequence: -1 }, 'firstSequence is -1: give an integer from 0 to 4503599627370496'],
    [{ ports: 'js' }, 'ports is the string "js": give an object from boundary id'],
    [
      { ports: { nowhere: 'js' } },
      'ports.nowhere is the string "js": the plan has no such boundary; it has "in" (ingress), "out" (egress)',
    ],
    [{ ports: { in: 'discard' } }, 'ports.in is the string "discard": only an egress can be discarded'],
    [{ ports: { out: 'file' } }, 'ports.out is the string "file": give "js", "discard" or { lines: PATH }'],
    [{ ports: { in: 5 } }, 'ports.in is 5: give "js", { lines: PATH } or { replay: FOLDER }'],
    [
      { ports: { out: { replay: 'x' } } },
      'ports.out.replay is the string "x": the adapter replay is only for an ingress; an egress is "js", "discard" or { lines: PATH }',
    ],
    [{ ports: { in: { replay: '' } } }, `ports.in.replay is the string "": give the path of a journal's folder`],
    [{ ports: { in: { replay: 'x', from: -1 } } }, 'ports.in.from is -1: give an integer from 0 to 9007199254740991'],
    [{ ports: { in: { replay: 'x', last: 0 } } }, 'ports.in.last is 0: give an integer from 1 to 9007199254740991'],
    [
      { ports: { in: { replay: 'x', from: 1, last: 1 } } },
      'ports.in.last is 1: "from" was given too; a replay begins at one of them',
    ],
    [
      { ports: { in: { replay: 'x', pace: 'slow' } } },
      'ports.in.pace is the string "slow": give one of "fast", "recorded"',
    ],
    [
      { ports: { in: { replay: 'x', append: true } } },
      'ports.in.append is true: the adapter replay takes "replay", "from", "last", "letters", "pace" at an ingress',
    ],
    [{ ports: { out: { lines: '' } } }, 'ports.out.lines is the string "": give the path of a file, or "-"'],
    [
      { ports: { out: { lines: 'x', apend: true } } },
      'ports.out.apend is true: the adapter lines takes "lines", "append" at an egress (did you mean "append"?)',
    ],
    [{ ports: { in: { lines: 'x', append: true } } }, 'ports.in.append is true: only an egress has it; leave it out'],
    [
      { ports: { in: { adapter: 'linse', path: 'x' } } },
      'ports.in.adapter is the string "linse": there is no such adapter; an ingress may have "lines", "replay" (did you mean "lines"?)',
    ],
    [
      { ports: { out: { adapter: 'discard' } } },
      'ports.out.adapter is the string "discard": that is no adapter: give "discard" itself, in place of the object',
    ],
    [
      { ports: { out: { adapter: 'replay', folder: 'j' } } },
      'ports.out.adapter is the string "replay": the adapter replay is only for an ingress; an egress is',
    ],
    [{ ports: { in: { adapter: 'lines' } } }, 'ports.in.path is undefined: give the path of a file, or "-"'],
    [
      { ports: { in: { adapter: 'lines', path: 'x', lines: 'y' } } },
      'ports.in.lines is the string "y": the adapter lines takes "path" at an ingress',
    ],
    [
      { ports: { in: { adapter: 'lines', path: 'x', append: true } } },
      'ports.in.append is true: only an egress has it; leave it out',
    ],
    [
      { ports: { out: { adapter: 'lines', path: 'x', append: 'yes' } } },
      'ports.out.append is the string "yes": give true or false',
    ],
    [
      { ports: { in: { adapter: 'replay', folder: 'x', pace: 'recrded' } } },
      'ports.in.pace is the string "recrded": give one of "fast", "recorded" (did you mean "recorded"?)',
    ],
    [
      { ports: { in: { adapter: 'replay', folder: 'x', from: 1, last: 1 } } },
      'ports.in.last is 1: "from" was given too; a replay begins at one of them',
    ],
    [{ ports: { in: [] } }, 'ports.in is an object (Array): give "js", { lines: PATH } or { replay: FOLDER }'],
    [{ ports: { in: {} } }, 'ports.in is an object (Object): give "js", { lines: PATH } or { replay: FOLDER }'],
    [{ capactiy: 5 }, 'capactiy is 5: open has no such option; it has capacity, recordMax'],
    [null, 'options is null: give an object, or leave it out'],
  ])('%o', (options, message) => {
    expect(wrongly(options)).toThrow(message);
    expect(wrongly(options)).toThrow(OptionError);
  });

  test('a CPU that this process may not use, by what it may use', () => {
    expect(wrongly({ cpus: [1023] })).toThrow(OpenError);
    expect(wrongly({ cpus: [1023] })).toThrow('cpus names CPU 1023, which this process may not use; choose from');
  });

  test('more memory than this machine or its control group has, before anything is mapped', () => {
    const before = nativeAddon().liveRegions();
    const most = { capacity: 2 ** 30, arenaBytes: 2 ** 30, recordMax: 1024 };
    const huge = ringVersion({ codec: 'utf8', shards: 64, shard_key: { kind: 'bytes', offset: 0, length: 1 } });
    expect(() => open(huge, most)).toThrow(/^plan "ring" needs \d+ bytes, but .* has room for \d+: ask for a smaller/);
    expect(() => open(huge, most)).toThrow(OpenError);
    // Fewer when the collector has come by for what earlier tests opened.
    expect(nativeAddon().liveRegions()).toBeLessThanOrEqual(before);
  });

  test('a region that JavaScript cannot see, when JavaScript runs an end', () => {
    const most = { capacity: 2 ** 29, recordMax: 1024 };
    expect(wrongly(most)).toThrow('but Node can show at most 4294967296 to JavaScript: ask for a smaller capacity');
    expect(wrongly(most)).toThrow(OpenError);
  });
});

describe('open takes', () => {
  test('nothing at all', () => {
    const pipeline = openRing({ codec: 'utf8' });
    expect(pipeline.status()).toMatchObject({ sizes: { capacity: 8192, record_max: 1 << 20, arena_bytes: 1 << 22 } });
    expect(pipeline).toMatchObject({ name: 'ring', version: version.id, state: 'running' });
  });

  test('a capacity that is not a power of two, exactly', () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 5 });
    expect(pipeline.ingress('in').free).toBe(5);
  });

  test.each(['adaptive', 'spin', 'yield', 'park'] as const)('the wait strategy %s', async (wait) => {
    const pipeline = openRing({ codec: 'utf8' }, { wait });
    pipeline.ingress('in').tryPush('x');
    const seen: string[] = [];
    pipeline.ingress('in').close();
    for await (const record of pipeline.egress('out')) seen.push(record);
    expect(seen).toEqual(['x']);
    expect((await pipeline.stop()).balanced).toBe(true);
  });
});

describe('what is written of an option', () => {
  const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const power = (value: number): string => `2^${Math.log2(value)}`;

  test.each([
    ['capacity', `1 to ${power(SLOTS_MAX)}`],
    ['recordMax', `1 to ${power(RECORD_BYTES_MAX)}`],
    ['laneBytes', `${LANE_BYTES_MIN} to ${power(ARENA_BYTES_MAX)}`],
    ['batchRecords', `1 to ${BATCH_RECORDS_MAX}`],
    ['threads', `1 to ${THREADS_MAX}`],
    ['firstSequence', `to ${power(FIRST_SEQUENCE_MAX)}`],
  ])('states its bounds: %s', (option, bounds) => {
    const row = read('docs/runtime.md')
      .split('\n')
      .find((line) => line.startsWith(`| \`${option}\` |`));
    const comment = read('lib/runtime/options.ts').split(`  readonly ${option}?: number;`)[0]?.split('/**').at(-1);
    expect(row).toContain(bounds);
    expect(comment).toContain(bounds);
  });
});
