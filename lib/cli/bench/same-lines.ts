/**
 * Whether two output files have the same lines: byte for byte where the order is promised, in any order where it is not. Reads
 * both in blocks, so that files of any size take the same memory. Main thread.
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface FileDifference {
  /** Number of the first line that differs, from 1; null where the order is not compared. */
  readonly line: number | null;
  /** The line there, cut; null behind the end of the file. In any order: a line that this file has more often. */
  readonly plan: string | null;
  readonly against: string | null;
}

const BLOCK_BYTES = 1 << 18;
/** Of a line that is shown. */
const LINE_BYTES_MAX = 160;
const LF = 0x0a;

class Blocks {
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(BLOCK_BYTES);

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** The bytes at an offset, fewer only at the end of the file; stands until the next call. */
  at(offset: number, length = BLOCK_BYTES): Buffer {
    let filled = 0;
    for (let read = -1; read !== 0 && filled < length; filled += read)
      read = readSync(this.#file, this.#buffer, filled, length - filled, offset + filled);
    return this.#buffer.subarray(0, filled);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function withBoth<Result>(plan: string, against: string, use: (plan: Blocks, against: Blocks) => Result): Result {
  const one = new Blocks(plan);
  try {
    const other = new Blocks(against);
    try {
      return use(one, other);
    } finally {
      other.close();
    }
  } finally {
    one.close();
  }
}

/** The first difference of two files, byte for byte; undefined where there is none. */
export const inOrder = (plan: string, against: string): FileDifference | undefined =>
  withBoth(plan, against, (one, other) => {
    let line = 1;
    let lineStart = 0;
    for (let offset = 0; ; offset += BLOCK_BYTES) {
      const [a, b] = [one.at(offset), other.at(offset)];
      const same = a.equals(b);
      const end = same ? a.length : firstDifference(a, b);
      for (let at = a.indexOf(LF); at >= 0 && at < end; at = a.indexOf(LF, at + 1)) {
        line++;
        lineStart = offset + at + 1;
      }
      if (!same) return { line, plan: shownLine(one, lineStart), against: shownLine(other, lineStart) };
      if (a.length < BLOCK_BYTES) return undefined;
    }
  });

function firstDifference(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return length;
}

/** With its terminator, which may be all that differs. */
function shownLine(blocks: Blocks, offset: number): string | null {
  const bytes = blocks.at(offset, LINE_BYTES_MAX + 1);
  if (bytes.length === 0) return null;
  const end = bytes.indexOf(LF);
  return end < 0 ? shown(bytes) : shown(bytes.subarray(0, end + 1));
}

/** Text of a line for people and for JSON: cut, quoted, so that a blank at its end and a CR are seen. */
function shown(bytes: Buffer): string {
  const cut = bytes.length > LINE_BYTES_MAX;
  return JSON.stringify(bytes.toString('utf8', 0, Math.min(bytes.length, LINE_BYTES_MAX))) + (cut ? '…' : '');
}

/** Lines are told apart by two hashes of 32 bits, each added up in the sums of one of so many groups. */
const GROUPS = 4096;
/** Different lines that are counted one by one to find which of them it is. */
const COUNTED_LINES_MAX = 100_000;

/**
 * Lines that one file has more often than the other; undefined where both have the same lines, in whatever order. The last
 * line's terminator does not count: any line may be the last.
 */
export const inAnyOrder = (plan: string, against: string): FileDifference | undefined =>
  withBoth(plan, against, (one, other) => {
    const sums = [new Uint32Array(3 * GROUPS), new Uint32Array(3 * GROUPS)] as const;
    addUp(one, sums[0]);
    addUp(other, sums[1]);
    const groups = differingGroups(sums);
    if (groups === undefined) return undefined;
    const surplus = new Surplus();
    for (const [blocks, step] of [
      [one, 1],
      [other, -1],
    ] as const)
      eachLine(blocks, (bytes, high, low) => {
        if (groups.has(high % GROUPS)) surplus.add(`${high} ${low}`, bytes, step);
      });
    return { line: null, plan: surplus.lineOf(1), against: surplus.lineOf(-1) };
  });

/** How much more often the first file has each of some lines. */
class Surplus {
  readonly #lines = new Map<string, { count: number; line: string }>();
  #full = false;

  add(key: string, bytes: Buffer, step: number): void {
    const entry = this.#lines.get(key) ?? { count: 0, line: '' };
    entry.count += step;
    if (entry.count === 0) this.#lines.delete(key);
    else if (entry.line === '') {
      this.#full ||= this.#lines.size >= COUNTED_LINES_MAX;
      if (!this.#full) this.#lines.set(key, { ...entry, line: shown(bytes) });
    }
  }

  /** A line of which one file has more; null where there is none, or where there were too many to know it. */
  lineOf(sign: 1 | -1): string | null {
    if (this.#full) return null;
    for (const { count, line } of this.#lines.values()) if (count * sign > 0) return line;
    return null;
  }
}

/** Groups whose sums differ, those with few lines first, and no more than can be counted; undefined where none differs. */
function differingGroups([plan, against]: readonly [Uint32Array, Uint32Array]): ReadonlySet<number> | undefined {
  const lines = (group: number): number => (plan[3 * group] as number) + (against[3 * group] as number);
  const differ = Array.from({ length: GROUPS }, (_, group) => group).filter((group) =>
    [0, 1, 2].some((cell) => plan[3 * group + cell] !== against[3 * group + cell]),
  );
  if (differ.length === 0) return undefined;
  let total = 0;
  const few = differ
    .sort((a, b) => lines(a) - lines(b))
    .filter((group, index) => {
      total += lines(group);
      return index === 0 || total <= COUNTED_LINES_MAX;
    });
  return new Set(few);
}

const addUp = (blocks: Blocks, sums: Uint32Array): void =>
  eachLine(blocks, (_, high, low) => {
    const at = 3 * (high % GROUPS);
    sums[at] = (sums[at] as number) + 1;
    sums[at + 1] = (sums[at + 1] as number) + high;
    sums[at + 2] = (sums[at + 2] as number) + low;
  });

/** FNV-1a and a hash of another kind, of a line without its line feed; `bytes` is its beginning. */
function eachLine(blocks: Blocks, use: (bytes: Buffer, high: number, low: number) => void): void {
  const start = Buffer.alloc(LINE_BYTES_MAX + 1);
  let [high, low, length] = [FNV_BASIS, 0, 0];
  const end = (): void => {
    use(start.subarray(0, Math.min(length, start.length)), spread(high), spread(low));
    [high, low, length] = [FNV_BASIS, 0, 0];
  };
  for (let offset = 0; ; offset += BLOCK_BYTES) {
    const block = blocks.at(offset);
    for (let at = 0; at < block.length; at++) {
      const byte = block[at] as number;
      if (byte === LF) {
        end();
        continue;
      }
      if (length < start.length) start[length] = byte;
      length++;
      high = Math.imul(high ^ byte, FNV_PRIME);
      low = (Math.imul(low, MULTIPLIER) + byte + 1) | 0;
    }
    if (block.length === BLOCK_BYTES) continue;
    if (length > 0) end();
    return;
  }
}

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const MULTIPLIER = 0x2c1b3c6d;

/** Every bit of the result depends on every bit of the value (murmur's finalizer). */
function spread(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
