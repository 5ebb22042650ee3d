/**
 * A folder of letters: records that failed in stages and boundaries with `on_error: dead_letter`, as pipelines have written them
 * (native/journal/letters_agent.hpp). Reads without a lock, also while a pipeline writes. Control path; main thread or a worker.
 */

import { enums, LETTER_CUT, LETTER_VERSION, LetterRecord } from '../abi/definition.js';
import type { StructLayout } from '../abi/struct.js';
import { OptionError } from '../error/errors.js';
import { writeRow } from '../lower/spec-writer.js';
import { nativeAddon } from './native.js';
import { asOpenError } from './open.js';

/** What is known of a letter, without its record. Times are milliseconds since 1970. */
export interface DeadLetter {
  /** Number of the letter in its folder. */
  readonly number: number;
  /** Id of the version that ran. */
  readonly plan: string;
  /** Id of the stage in which the record failed, or of the boundary whose adapter could not take or write it. */
  readonly element: string;
  /** Sequence of the record in its shard, or its place in the order of its ingress. */
  readonly sequence: number;
  /** Shard of a SingleRing; 0 in a LaneGraph. */
  readonly shard: number;
  /** Id of the ingress that it came from; null where several are in front of the element. */
  readonly ingress: string | null;
  /** Why it failed, like `REJECTED`. */
  readonly code: string;
  /** Why, as a sentence. */
  readonly message: string;
  /** How often the record has failed, from 1. */
  readonly attempt: number;
  /** When it failed for the first time. */
  readonly first: number;
  /** When it failed for the last time. */
  readonly last: number;
  /** Bytes of the record that the letter has, as the element received it. */
  readonly bytes: number;
  /** The record was longer than a letter takes: those are its first bytes. */
  readonly cut: boolean;
  /** It was delivered by a redrive, or failed again and has a later letter. */
  readonly done: boolean;
  /** A redrive has begun with it and not come to its end: the record may have been delivered. */
  readonly begun: boolean;
}

/** A letter with its record. */
export interface DeadLetterRecord extends DeadLetter {
  /** The record, as the element received it. */
  readonly record: Uint8Array;
}

/** The letters of one folder, as they were when this was made. */
export interface DeadLetters {
  /** Path of the folder. */
  readonly folder: string;
  /** In the order in which they were written. */
  readonly letters: readonly DeadLetter[];
  /**
   * A letter with its record; undefined where there is none of that number.
   * @throws OpenError when the folder cannot be read
   */
  read(number: number): DeadLetterRecord | undefined;
}

type Field = keyof typeof LetterRecord.offset;

/** A record of the folder: its fields, and texts behind them. */
interface FolderRecord {
  readonly number: number;
  u32(field: Field): number;
  u64(field: Field): bigint;
  f64(field: Field): number;
  readonly texts: Uint8Array;
}

const PAGE_ROW_BYTES = 16;

function recordAt(page: ArrayBuffer, at: number): { readonly record: FolderRecord; readonly end: number } {
  const view = new DataView(page);
  const [number, length] = [Number(view.getBigUint64(at, true)), view.getUint32(at + 8, true)];
  const from = at + PAGE_ROW_BYTES;
  const { offset, size } = LetterRecord as StructLayout<Field>;
  const record = {
    number,
    u32: (field: Field): number => view.getUint32(from + offset[field], true),
    u64: (field: Field): bigint => view.getBigUint64(from + offset[field], true),
    f64: (field: Field): number => view.getFloat64(from + offset[field], true),
    texts: new Uint8Array(page, from + size, length - size),
  };
  return { record, end: Math.ceil((from + length) / 8) * 8 };
}

function* recordsOf(folder: string): Generator<FolderRecord> {
  let after: number | null = null;
  for (;;) {
    let page: ArrayBuffer;
    try {
      page = nativeAddon().readLetters(folder, after);
    } catch (error) {
      throw asOpenError(error);
    }
    if (page.byteLength === 0) return;
    for (let at = 0; at < page.byteLength; ) {
      const { record, end } = recordAt(page, at);
      yield record;
      after = record.number;
      at = end;
    }
  }
}

const TEXTS = ['plan_length', 'element_length', 'ingress_length', 'code_length', 'message_length'] as const;

/** The texts of a letter, and its record. */
function partsOf(record: FolderRecord): { readonly texts: readonly string[]; readonly body: Uint8Array } {
  const decoder = new TextDecoder();
  let at = 0;
  const texts = TEXTS.map((field) => {
    const from = at;
    at += record.u32(field);
    return decoder.decode(record.texts.subarray(from, at));
  });
  return { texts, body: record.texts.subarray(at, at + record.u32('body_length')) };
}

function numbersIn(record: FolderRecord): number[] {
  const { body } = partsOf(record);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Array.from({ length: Math.floor(body.length / 8) }, (_, place) => Number(view.getBigUint64(place * 8, true)));
}

const { LetterKind } = enums;
const NO_ORIGIN = 2n ** 64n - 1n;

function letterOf(record: FolderRecord): Omit<DeadLetter, 'done' | 'begun'> {
  const [plan, element, ingress, code, message] = partsOf(record).texts as [string, string, string, string, string];
  return {
    number: record.number,
    plan,
    element,
    sequence: Number(record.u64('sequence')),
    shard: record.u32('shard'),
    ingress: ingress === '' ? null : ingress,
    code,
    message,
    attempt: record.u32('attempt'),
    first: record.f64('first_ms'),
    last: record.f64('last_ms'),
    bytes: record.u32('body_length'),
    cut: record.u32('record_flags') >= LETTER_CUT,
  };
}

/** What a record says of letters: those that are done now, and those that are being fed. */
class Marks {
  readonly done = new Set<number>();
  begun = new Set<number>();

  add(record: FolderRecord): void {
    switch (record.u32('kind')) {
      case LetterKind.Letter: {
        const origin = record.u64('origin');
        if (origin !== NO_ORIGIN) this.done.add(Number(origin));
        break;
      }
      case LetterKind.Done:
        for (const number of numbersIn(record)) this.done.add(number);
        break;
      case LetterKind.Begun:
        this.begun = new Set(numbersIn(record));
        break;
      default:
    }
  }
}

interface Folder {
  readonly letters: readonly DeadLetter[];
  /** Number of the record behind the last one that was read. */
  readonly end: number;
}

/** @throws OptionError, OpenError */
function read(folder: string): Folder {
  if (typeof folder !== 'string' || folder === '')
    throw new OptionError('folder', folder, 'deadLetters takes the path of a folder');
  const marks = new Marks();
  const found: Omit<DeadLetter, 'done' | 'begun'>[] = [];
  let end = 0;
  for (const record of recordsOf(folder)) {
    const version = record.u32('version');
    if (version !== LETTER_VERSION)
      throw new OptionError(
        'folder',
        folder,
        `letter ${record.number} is of format ${version}: read it with the version that wrote it`,
      );
    marks.add(record);
    end = record.number + 1;
    if (record.u32('kind') === LetterKind.Letter) found.push(letterOf(record));
  }
  const letters = found.map((letter): DeadLetter => {
    const done = marks.done.has(letter.number);
    return { ...letter, done, begun: !done && marks.begun.has(letter.number) };
  });
  return { letters, end };
}

/**
 * Reads a folder of letters.
 * @throws OptionError when `folder` is no text, OpenError when it cannot be read, or holds something else
 */
export function deadLetters(folder: string): DeadLetters {
  const { letters } = read(folder);
  return {
    folder,
    letters,
    read: (number) => {
      const letter = letters.find((one) => one.number === number);
      if (letter === undefined) return undefined;
      for (const record of recordsOf(folder))
        if (record.number === number) return { ...letter, record: partsOf(record).body.slice() };
      return undefined;
    },
  };
}

/**
 * Removes the files of a folder of letters whose letters are all done, from the oldest on, up to the one with the first letter that is not
 * done. Numbers go on where they were.
 * @returns how many letters were removed
 * @throws OptionError when `folder` is no text; OpenError when it cannot be read or written, JOURNAL_LOCKED while a pipeline writes it
 */
export function pruneDeadLetters(folder: string): number {
  const { letters, end } = read(folder);
  const open = letters.find(({ done }) => !done);
  let first: number;
  try {
    first = nativeAddon().pruneLetters(folder, open?.number ?? end);
  } catch (error) {
    throw asOpenError(error);
  }
  return letters.filter(({ number }) => number < first).length;
}

/**
 * Notes in the folder that these letters are being fed again (none: that no letter is), or that they are done.
 * @throws OpenError JOURNAL_LOCKED while a pipeline writes the folder
 * @internal
 */
export function markLetters(folder: string, kind: 'Begun' | 'Done', numbers: readonly number[]): void {
  const record = new Uint8Array(LetterRecord.size + numbers.length * 8);
  const view = new DataView(record.buffer);
  const body_length = numbers.length * 8;
  writeRow(view, 0, LetterRecord, { version: LETTER_VERSION, kind: LetterKind[kind], origin: NO_ORIGIN, body_length });
  for (const [place, number] of numbers.entries())
    view.setBigUint64(LetterRecord.size + place * 8, BigInt(number), true);
  try {
    nativeAddon().appendLetter(folder, record);
  } catch (error) {
    throw asOpenError(error);
  }
}
