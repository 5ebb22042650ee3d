/**
 * The folder that a run without --journal makes for its Journal lanes. It is named when the run starts, because a run that
 * is killed leaves it behind, and it is removed at the end when its readers have got every record of it: the next run makes
 * another, and no run would read this one again. One that holds undelivered records is kept and named. Main thread.
 */
import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { JournalCounts, Ledger } from '../../region/counts.js';
import type { PipelineStatus } from '../../runtime/status.js';
import { systemWords } from '../system-words.js';
import { counted } from '../text.js';
import { journalFolders } from './status.js';

/** What the folder needs of a pipeline. */
interface Journaling {
  readonly state: string;
  status(): Pick<PipelineStatus, 'sizes'>;
  ledger(): Pick<Ledger, 'lanes'>;
}

export class RunFolder {
  readonly path: string;
  readonly #pipeline: Journaling;
  readonly #lanes: Readonly<Record<string, string>>;
  #ended = false;

  private constructor(path: string, pipeline: Journaling, lanes: Readonly<Record<string, string>>) {
    this.path = path;
    this.#pipeline = pipeline;
    this.#lanes = lanes;
  }

  /** @param asked what --journal names; that folder is the user's, and stays */
  static of(pipeline: Journaling, asked: string | undefined): RunFolder | undefined {
    const lanes = journalFolders(pipeline.status());
    const [first] = Object.values(lanes);
    return first === undefined || asked !== undefined ? undefined : new RunFolder(dirname(first), pipeline, lanes);
  }

  /**
   * The pipeline has ended: removes the folder, or says why it is kept. Idempotent; the second call has nothing to say.
   * @returns a sentence for the user, if there is something to say
   */
  end(): string | undefined {
    if (this.#ended) return undefined;
    this.#ended = true;
    const reason = this.#undelivered();
    if (reason !== undefined) return `${this.path} is kept: ${reason}`;
    try {
      for (const lane of Object.values(this.#lanes)) rmSync(lane, { recursive: true, force: true });
      rmdirSync(this.path);
      return undefined;
    } catch (error) {
      return `Cannot remove ${this.path}: ${systemWords(error)}.`;
    }
  }

  /** Why the folder cannot go. */
  #undelivered(): string | undefined {
    if (this.#pipeline.state !== 'stopped') return 'the pipeline has not stopped.';
    const { lanes } = this.#pipeline.ledger();
    let undelivered = 0;
    let unwritten = 0;
    for (const [id, folder] of Object.entries(this.#lanes)) {
      const journal = lanes[id]?.journal;
      if (journal === undefined) continue;
      undelivered += journal.appended - deliveredOf(folder, journal);
      unwritten += journal.unwritten;
    }
    if (undelivered > 0) {
      const records = `${counted(undelivered, 'record')} in it ${undelivered === 1 ? 'is' : 'are'} undelivered`;
      return `${records}. Run again with --journal ${basename(this.path)} to deliver ${undelivered === 1 ? 'it' : 'them'}.`;
    }
    return unwritten > 0 ? `${counted(unwritten, 'record')} could not be written to it.` : undefined;
  }
}

/** The file of the reader's cursor has two slots, of which the later counts (docs/journal.md, The files). */
const CURSOR = { file: 'reader.cursor', slots: [0, 4096], bytes: 40, magic: 'BTRC', turn: 16, sequence: 24 } as const;

/** Records before it have been delivered: where the next run would begin. */
function deliveredOf(folder: string, { first, opened_at }: JournalCounts): number {
  const start = Math.min(first, opened_at);
  let file: Buffer;
  try {
    file = readFileSync(join(folder, CURSOR.file));
  } catch {
    return start;
  }
  const slots = CURSOR.slots
    .map((at) => file.subarray(at, at + CURSOR.bytes))
    .filter((slot) => slot.length === CURSOR.bytes && slot.toString('latin1', 0, 4) === CURSOR.magic)
    .map((slot) => ({ turn: slot.readBigUInt64LE(CURSOR.turn), sequence: slot.readBigUInt64LE(CURSOR.sequence) }))
    .sort((a, b) => (a.turn < b.turn ? 1 : -1));
  return slots[0] === undefined ? start : Number(slots[0].sequence);
}
