/**
 * What a stage makes of one record, as plainly as it can be said: bytes in, bytes out. Of built-in ops by docs/ops.md, of
 * functions by docs/stages.md and docs/plan.md, of the plug-ins of the tests by what they say that they do.
 */
import type { Codec, StageEntry } from '../../lib/plan/document.js';
import type { StageCounts } from '../../lib/region/counts.js';
import { deadLetters } from '../../lib/runtime/dead-letters.js';
import { stageCounts } from '../support/stage-counts.js';
import { decodeStruct, encodeStruct, type StructValue } from './bytes.js';
import { withField } from './set-field.js';
import { act, actInBatch, type ProgramConfig } from './stage-programs.mjs';

type Config = Readonly<Record<string, unknown>>;
export const configOf = (stage: StageEntry): Config => (stage.config ?? {}) as Config;

/** Why a record failed: a word of docs/runtime.md. */
export type FailureCode = string;

/** How the sentence of each begins, of a failure that stops the pipeline. */
export const CAUSES: Readonly<Record<FailureCode, RegExp>> = {
  REJECTED: /^reject: the record |^set_field: the field /,
  THROWN: /^stage ".+": (it threw |the function )|^no: it is sour$/,
  BAD_RECORD: /^stage ".+": an? /,
  NO_ROOM: /^the op made a record of \d+ bytes of one of \d+, and its stage has room for \d+ more; raise room/,
  TOO_MANY: / more than one record of one|^the plug-in .* emitted \d+ records for one/,
};

/** Where the stage stands. */
export interface Site {
  /** Of its ingress. */
  readonly codec: Codec | undefined;
  /** Of the records that reach it, as a function sees them. */
  readonly seenAs: Codec | undefined;
  /** Bytes by which a slot of a ring lets a record grow in this stage; undefined in a graph. */
  readonly room: number | undefined;
  /** Records that may come of one. */
  readonly most: number;
}

/** What takes the record's place, itself included; or why it has failed. */
export type Made = readonly Uint8Array[] | FailureCode;

export const hasFailed = (made: Made): made is FailureCode => typeof made === 'string';

/** What a filter or a reject looks for is in the record. */
function matches(stage: StageEntry, record: Buffer): boolean {
  const config = configOf(stage);
  const needle = (name: string): Buffer | undefined =>
    config[name] === undefined ? undefined : Buffer.from(config[name] as string);
  const contains = needle('contains');
  const start = needle('starts_with');
  const end = needle('ends_with');
  const equals = needle('equals');
  const found =
    (contains !== undefined && (contains.length === 0 || record.includes(contains))) ||
    (start !== undefined && record.subarray(0, start.length).equals(start)) ||
    (end !== undefined && record.length >= end.length && record.subarray(record.length - end.length).equals(end)) ||
    (equals !== undefined && record.equals(equals));
  return found !== (config.invert === true);
}

export function madeOf(stage: StageEntry, record: Buffer, site: Site): Made {
  const text = (): Buffer => Buffer.from(configOf(stage).text as string);
  switch (stage.op) {
    case 'prepend':
      return [Buffer.concat([text(), record])];
    case 'append':
      return [Buffer.concat([record, text()])];
    case 'filter':
      return matches(stage, record) ? [record] : [];
    case 'reject':
      return matches(stage, record) ? 'REJECTED' : [record];
    case 'set_field': {
      const written = withField(stage, record, site.codec);
      return written === undefined ? 'REJECTED' : [written];
    }
    default:
      return stage.op.includes(':') ? limited(ownMade(stage, record, site), record, site) : [record];
  }
}

/** What no stage may make. */
function limited(made: Made, record: Buffer, { room, most }: Site): Made {
  if (hasFailed(made)) return made;
  if (made.length > most) return 'TOO_MANY';
  const longest = Math.max(0, ...made.map((one) => one.length));
  return room !== undefined && longest > record.length + room ? 'NO_ROOM' : made;
}

const SPACE = /[ \t\n\v\f\r]+/;

/** A record's words, byte for byte. */
export const wordsOf = (record: Uint8Array): Buffer[] =>
  Buffer.from(record)
    .toString('latin1')
    .split(SPACE)
    .filter((word) => word !== '')
    .map((word) => Buffer.from(word, 'latin1'));

const upper = (record: Buffer): Buffer =>
  Buffer.from(record.map((byte) => (byte >= 97 && byte <= 122 ? byte - 32 : byte)));

function ownMade(stage: StageEntry, record: Buffer, site: Site): Made {
  const { does, text } = configOf(stage) as { readonly does?: unknown; readonly text?: string };
  switch (stage.op) {
    case 'native:starts_with':
      return record.subarray(0, Buffer.byteLength(text as string)).equals(Buffer.from(text as string)) ? [record] : [];
    case 'native:words':
      return wordsOf(record);
    case 'native:odd':
      if (does === 'sour') return record.includes('e') ? 'THROWN' : [record];
      if (does === 'upper') return [upper(record)];
      return does === 'grow' ? [Buffer.concat([upper(record), Buffer.from('!')])] : [record];
    default:
      return functionMade(stage, record, site.seenAs);
  }
}

/** A value as a function gets it, and as bytes what it has become: undefined where it is as it came. */
interface View {
  readonly record: unknown;
  changed(): Uint8Array | undefined;
}

class Refused extends Error {}

const isJson = (codec: Codec | undefined): boolean =>
  codec === 'json' || (typeof codec === 'object' && codec.kind === 'json');

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new Refused();
  }
}

function jsonView(bytes: Buffer, batch: boolean): View {
  let value: unknown;
  let touched = false;
  const touch = (): unknown => {
    if (!touched) value = parsed(bytes);
    touched = true;
    return value;
  };
  const changed = (): Uint8Array | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    const text = JSON.stringify(value);
    return text === bytes.toString() ? undefined : Buffer.from(text);
  };
  if (!batch) return { record: touch(), changed };
  const record = {
    get value() {
      return touch();
    },
    bytes: Uint8Array.from(bytes),
  };
  return { record, changed };
}

function viewOf(bytes: Buffer, codec: Codec | undefined, batch: boolean): View {
  if (isJson(codec)) return jsonView(bytes, batch);
  if (codec === 'utf8') return { record: bytes.toString(), changed: () => undefined };
  if (typeof codec === 'object') {
    const record = decodeStruct(codec, bytes);
    return { record, changed: () => encodeStruct(codec, record) };
  }
  const record = Uint8Array.from(bytes);
  return { record, changed: () => Uint8Array.from(record) };
}

/** An element as the codec writes it. */
function encoded(value: unknown, codec: Codec | undefined): Uint8Array {
  if (isJson(codec)) {
    if (typeof value === 'bigint' || typeof value === 'symbol') throw new Refused();
    return Buffer.from(JSON.stringify(value));
  }
  if (codec === 'utf8' && typeof value === 'string') return Buffer.from(value);
  if (typeof codec === 'object' && typeof value === 'object') return encodeStruct(codec, value as StructValue);
  if ((codec ?? 'bytes') === 'bytes' && value instanceof Uint8Array) return Uint8Array.from(value);
  throw new Refused();
}

function functionMade(stage: StageEntry, bytes: Buffer, codec: Codec | undefined): Made {
  const batch = stage.op === 'js:batches';
  const reads = stage.access === 'read';
  try {
    const view = viewOf(bytes, codec, batch);
    let answer: unknown;
    try {
      answer = (batch ? actInBatch : act)(view.record, stage.config as ProgramConfig);
    } catch (error) {
      if (error instanceof Refused) throw error;
      return 'THROWN';
    }
    if (answer === undefined || answer === true) return [(reads ? undefined : view.changed()) ?? bytes];
    const elements = answer === false ? [] : Array.isArray(answer) ? answer : [answer];
    const undeclared =
      (stage.filters === false && elements.length === 0) ||
      (stage.emits === false && elements.length > 1) ||
      (reads && stage.emits !== true && elements.length > 0);
    return undeclared ? 'THROWN' : elements.map((element) => encoded(element, codec));
  } catch (error) {
    if (error instanceof Refused) return 'BAD_RECORD';
    throw error;
  }
}

/** A struct is still that struct behind a stage, as far as its entry says. */
export function keepsLayout({ op, access, emits, keeps_layout }: StageEntry): boolean {
  if (op === 'prepend' || op === 'append') return false;
  return !op.includes(':') || (keeps_layout ?? (access === 'read' && emits !== true));
}

/** What functions see: a struct only where all before them keep it. */
export const seenBehind = (codec: Codec | undefined, before: readonly StageEntry[]): Codec | undefined =>
  typeof codec === 'object' && codec.kind === 'struct' && !before.every(keepsLayout) ? 'bytes' : codec;

/** What a stage's counters say; of `causes` those that happened. */
export class Tally {
  in = 0;
  out = 0;
  filtered = 0;
  emitted = 0;
  absorbed = 0;
  dropped = 0;
  dead_lettered = 0;
  passed_failed = 0;
  skipped = 0;
  readonly causes: Record<string, number> = {};

  /** One record, of which the stage made this; gives what goes on. */
  add(stage: StageEntry, record: Uint8Array, made: Made): readonly Uint8Array[] {
    this.in++;
    if (hasFailed(made)) return this.fail(stage, record, made);
    this.out += made.length;
    if (made.length === 0) this.filtered++;
    else if (made.length > 1) {
      this.absorbed++;
      this.emitted += made.length;
    }
    return made;
  }

  /** All of them together. */
  static sum(tallies: readonly Tally[]): Tally {
    const sum = new Tally();
    const numbers: readonly (keyof Omit<Tally, 'causes' | 'add'>)[] = [
      'in',
      'out',
      'filtered',
      'emitted',
      'absorbed',
      'dropped',
      'dead_lettered',
      'passed_failed',
      'skipped',
    ];
    for (const tally of tallies) {
      for (const name of numbers) sum[name] += tally[name];
      for (const [cause, count] of Object.entries(tally.causes)) sum.causes[cause] = (sum.causes[cause] ?? 0) + count;
    }
    return sum;
  }

  private fail(stage: StageEntry, record: Uint8Array, cause: FailureCode): readonly Uint8Array[] {
    this.causes[cause] = (this.causes[cause] ?? 0) + 1;
    if (stage.on_error === 'pass') {
      this.passed_failed++;
      this.out++;
      return [record];
    }
    if (stage.on_error === 'dead_letter') this.dead_lettered++;
    else this.dropped++;
    return [];
  }
}

/** The ledger's counts of a stage, of a run that nothing stopped. */
export function countsOf({ skipped, ...tally }: Tally): StageCounts {
  return stageCounts({ ...tally, failed: tally.dropped + tally.dead_lettered });
}

/** A letter, but for what only the core knows: its number, its times and its sentence. */
export interface Letter {
  readonly element: string;
  readonly shard: number;
  /** From the pipeline's first. */
  readonly sequence: number;
  readonly ingress: string | null;
  readonly code: FailureCode;
  readonly record: string;
}

/** In an order of their own, with the sequences of a pipeline whose first one this is. */
export const sortedLetters = (letters: readonly Letter[], first = 0): Letter[] =>
  letters
    .map((letter) => ({ ...letter, sequence: letter.sequence + first }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** Those of a folder. */
export function lettersIn(folder: string): Letter[] {
  const found = deadLetters(folder);
  const letters = found.letters.map(({ number, element, shard, sequence, ingress, code }): Letter => {
    const record = Buffer.from(found.read(number)?.record ?? []).toString('latin1');
    return { element, shard, sequence, ingress, code, record };
  });
  return sortedLetters(letters);
}
