/**
 * Feeds records of letters to a plan again. Which letters there are and what became of them stands in their folder alone
 * (dead-letters.ts), so that a redrive that a crash ends in the middle is known to the next one. Control path.
 */

import type { ReplayPort } from '../adapter/replay/replay.js';
import { OptionError, UsageError } from '../error/errors.js';
import type { Spec } from '../lower/spec.js';
import type { PipelinePlanV2 } from '../plan/document.js';
import type { Ledger } from '../region/counts.js';
import type { Version } from '../version/version.js';
import { type DeadLetter, deadLetters, markLetters } from './dead-letters.js';
import { openFed } from './open.js';
import type { OpenArguments, OpenOptions } from './options.js';
import type { Pipeline } from './pipeline.js';
import { rangesOf } from './ranges.js';

/** Which letters are fed again, and where. */
export interface RedriveOptions {
  /** Id of the ingress that receives the records. May be left out where the plan has one. */
  readonly ingress?: string;
  /**
   * Also records that a stage had changed before the element at which they failed, as that one received them, and the beginnings of
   * records that a letter could not take whole. Default false.
   */
  readonly asReceived?: boolean;
}

/** What came of a redrive. */
export interface RedriveResult {
  /** Of the pipeline that was fed. */
  readonly ledger: Ledger;
  /** All records have been delivered, or failed again, and the letters are noted as done. */
  readonly done: boolean;
}

/** Letters that can be fed to a version again, as they were when this was made. */
export interface Redrive<P extends PipelinePlanV2 = PipelinePlanV2> {
  /** Id of the ingress that receives the records. */
  readonly ingress: string;
  /** The letters whose records are fed, in this order: those that are not done, and came from this ingress or from none of the plan's. */
  readonly letters: readonly DeadLetter[];
  /** Those that are left out because a letter has the beginning of its record alone: `asReceived` feeds them. */
  readonly cut: readonly DeadLetter[];
  /** How many of the records that are fed may have been delivered before, by a redrive that did not come to its end. */
  readonly repeated: number;
  /**
   * Opens the version as `open` does, with the letters at the ingress and the same folder for records that fail again. Once.
   * @throws UsageError without a letter, or when it was called before; what `open` throws
   */
  open(...given: OpenArguments<P>): Pipeline<P>;
  /**
   * Waits for the end of the pipeline, and notes the letters as done where all of them were fed and nothing was left on its way. After
   * anything else they stay, and the next redrive feeds them again.
   * @throws UsageError when it has not been opened; OpenError when the folder cannot be written
   */
  finished(): Promise<RedriveResult>;
}

/** Ids of elements in front of which a stage may have changed a record. */
function behindWriters(spec: Spec): ReadonlySet<string> {
  const writes = (stage: number | undefined): boolean => {
    const own = spec.stages[stage ?? -1];
    return own !== undefined && (own.writes || own.emits);
  };
  const found = new Set<string>();
  if (spec.target === 'SingleRing') {
    for (const { stage, ancestors } of spec.entries)
      if (ancestors.some((entry) => writes(spec.entries[entry]?.stage))) found.add(spec.stages[stage]?.id ?? '');
    if (spec.entries.some(({ stage }) => writes(stage))) found.add(spec.egress.id);
    return found;
  }
  const changed = spec.roles.map(() => false);
  for (const [role, { id, inlets }] of spec.roles.entries()) {
    changed[role] = inlets.some((lane) => {
      const writer = spec.lanes[lane]?.writer ?? -1;
      const before = spec.roles[writer];
      return changed[writer] === true || (before?.kind === 'Stage' && writes(before.index ?? undefined));
    });
    if (changed[role]) found.add(id);
  }
  return found;
}

/** @throws OptionError when a record is not as its ingress had it, and that was not asked for */
function checkUnchanged({ lowered }: Version, letters: readonly DeadLetter[]): void {
  const behind = behindWriters(lowered);
  const ends = lowered.target === 'SingleRing' ? [lowered.ingress, lowered.egress] : lowered.boundaries;
  const known = new Set([...lowered.stages, ...ends].map(({ id }) => id));
  const changed = letters.find(({ element }) => behind.has(element) || !known.has(element));
  if (changed === undefined) return;
  const why = known.has(changed.element)
    ? 'a stage before that one changes records'
    : 'the plan has no such element, so nothing says whether a stage before it changes records';
  throw new OptionError(
    'asReceived',
    false,
    `letter ${changed.number} is of a record that failed at "${changed.element}", and ${why}: the letter has it as it was ` +
      'received there. Give asReceived (--as-received) to feed it so',
  );
}

function ingressIds({ lowered }: Version): readonly string[] {
  if (lowered.target === 'SingleRing') return [lowered.ingress.id];
  return lowered.boundaries.filter(({ kind }) => kind === 'Ingress').map(({ id }) => id);
}

/** @throws OptionError */
function fedIngress(ids: readonly string[], asked: unknown): string {
  const [first, another] = ids;
  if (asked === undefined && first !== undefined && another === undefined) return first;
  if (typeof asked === 'string' && ids.includes(asked)) return asked;
  const names = ids.map((id) => `"${id}"`).join(', ');
  throw new OptionError('ingress', asked, `ingress is one of the plan's: ${names}`);
}

/** Records that were on their way when the pipeline ended. */
function leftOnTheWay({ stages, boundaries, inserted, lanes }: Ledger): number {
  const all: readonly object[] = [stages, boundaries, inserted, lanes].flatMap((part) => Object.values(part));
  return all.reduce<number>((sum, counts) => sum + ((counts as { abandoned?: number }).abandoned ?? 0), 0);
}

/**
 * Letters of a folder for an ingress of a version: those that are not done and came from it, from several, or from none of this plan.
 * Opens nothing.
 * @param folder path of the folder of letters
 * @throws OptionError for a wrong option, and when a stage before the failing one changes records; OpenError when the folder cannot
 *   be read
 */
export function redrive<const P extends PipelinePlanV2>(
  folder: string,
  version: Version<P>,
  options: RedriveOptions = {},
): Redrive<P> {
  const ids = ingressIds(version as unknown as Version);
  const ingress = fedIngress(ids, options.ingress);
  const isOwn = (letter: DeadLetter): boolean =>
    letter.ingress === null || letter.ingress === ingress || !ids.includes(letter.ingress);
  const all = deadLetters(folder).letters.filter((letter) => !letter.done && isOwn(letter));
  const cut = options.asReceived === true ? [] : all.filter((letter) => letter.cut);
  const letters = all.filter((letter) => !cut.includes(letter));
  if (options.asReceived !== true) checkUnchanged(version as unknown as Version, letters);
  return new Feeding<P>(folder, version, ingress, letters, cut);
}

class Feeding<P extends PipelinePlanV2> implements Redrive<P> {
  readonly ingress: string;
  readonly letters: readonly DeadLetter[];
  readonly cut: readonly DeadLetter[];
  readonly #folder: string;
  readonly #version: Version<P>;
  #pipeline: Pipeline<P> | undefined;

  constructor(
    folder: string,
    version: Version<P>,
    ingress: string,
    letters: readonly DeadLetter[],
    cut: readonly DeadLetter[],
  ) {
    this.ingress = ingress;
    this.letters = letters;
    this.cut = cut;
    this.#folder = folder;
    this.#version = version;
  }

  get repeated(): number {
    return this.letters.filter(({ begun }) => begun).length;
  }

  open(...given: OpenArguments<P>): Pipeline<P> {
    if (this.letters.length === 0) throw new UsageError('there is no letter to feed: look at letters before you open');
    if (this.#pipeline !== undefined) throw new UsageError('this redrive has been opened: make another one');
    const options = (given[0] ?? {}) as OpenOptions;
    if (options.ports?.[this.ingress] !== undefined)
      throw new OptionError(
        'ports',
        options.ports,
        `ingress "${this.ingress}" is fed with letters: leave it out of ports`,
      );
    const numbers = this.letters.map(({ number }) => number);
    const fed = rangesOf(numbers);
    const port: ReplayPort = { replay: this.#folder, letters: fed };
    const all = {
      ...options,
      deadLetters: { folder: this.#folder },
      ports: { ...options.ports, [this.ingress]: port },
    };
    markLetters(this.#folder, 'Begun', numbers);
    try {
      this.#pipeline = openFed(this.#version, all, fed);
    } catch (error) {
      // Nothing was fed.
      markLetters(this.#folder, 'Begun', []);
      throw error;
    }
    return this.#pipeline;
  }

  async finished(): Promise<RedriveResult> {
    const pipeline = this.#pipeline as Pipeline | undefined;
    if (pipeline === undefined) throw new UsageError('this redrive has not been opened: call open first');
    const ledger = await pipeline.finished();
    const source = pipeline.status().adapters[this.ingress];
    const fed = source !== undefined && source.records === this.letters.length;
    const done = fed && ledger.failure === null && leftOnTheWay(ledger) === 0;
    if (done)
      markLetters(
        this.#folder,
        'Done',
        this.letters.map(({ number }) => number),
      );
    return { ledger, done };
  }
}
