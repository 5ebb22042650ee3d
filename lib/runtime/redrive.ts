/**
 * Feeds records of letters to a plan again. Which letters there are and what became of them stands in their folder alone
 * (dead-letters.ts), so that a redrive that a crash ends in the middle is known to the next one. Control path.
 */

import type { ReplayPort } from '../adapter/replay/replay.js';
import { OptionError } from '../error/errors.js';
import type { Spec } from '../lower/spec.js';
import type { Version } from '../version/version.js';
import { type DeadLetter, deadLetters, markLetters, rangesOf } from './dead-letters.js';

export interface RedriveAsked {
  /** Folder of letters. */
  readonly folder: string;
  /** Id of the ingress that receives the records. */
  readonly ingress: string;
  /** Also records that a stage had changed before the one in which they failed. */
  readonly asReceived: boolean;
}

/** A redrive that can be begun. */
export interface Redrive {
  /** Of the letters whose records are fed. */
  readonly numbers: readonly number[];
  /** Of them, those that a redrive had begun with and not come to its end. */
  readonly repeated: number;
  /** The ingress's. */
  readonly port: ReplayPort;
  /** What `open` is told, so that attempts are counted on. */
  readonly fed: string;
  /** Before the pipeline is opened. */
  begin(): void;
  /** After it has ended; `delivered`: all that was fed has been passed through. */
  end(delivered: boolean): void;
  /** The pipeline could not start: nothing was fed. */
  giveUp(): void;
}

/** Ids of stages in front of which a stage may have changed a record. */
function behindWriters(spec: Spec): ReadonlySet<string> {
  const writes = (stage: number | undefined): boolean => {
    const own = spec.stages[stage ?? -1];
    return own !== undefined && (own.writes || own.emits);
  };
  const found = new Set<string>();
  if (spec.target === 'SingleRing') {
    for (const { stage, ancestors } of spec.entries)
      if (ancestors.some((entry) => writes(spec.entries[entry]?.stage))) found.add(spec.stages[stage]?.id ?? '');
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
function checkUnchanged({ lowered }: Version, letters: readonly DeadLetter[], { asReceived }: RedriveAsked): void {
  if (asReceived) return;
  const behind = behindWriters(lowered);
  const known = new Set(lowered.stages.map(({ id }) => id));
  const changed = letters.find(({ element }) => behind.has(element) || !known.has(element));
  if (changed === undefined) return;
  const why = known.has(changed.element)
    ? 'a stage before that one changes records'
    : 'the plan has no such stage, so nothing says whether one before it changes records';
  throw new OptionError(
    'asReceived',
    false,
    `letter ${changed.number} is of a record that failed in "${changed.element}", and ${why}: the letter has it as that stage ` +
      'received it. Give asReceived (--as-received) to feed it so',
  );
}

/**
 * Letters that are not done and whose ingress is the one that is asked for, or is not known, or not of this plan.
 * @throws OptionError, OpenError when the folder cannot be read
 * @internal
 */
export function planRedrive(version: Version, asked: RedriveAsked): Redrive {
  const { folder, ingress } = asked;
  const { lowered } = version;
  const own =
    lowered.target === 'SingleRing'
      ? [lowered.ingress.id]
      : lowered.boundaries.filter(({ kind }) => kind === 'Ingress').map(({ id }) => id);
  const isOwn = (letter: DeadLetter): boolean =>
    letter.ingress === null || letter.ingress === ingress || !own.includes(letter.ingress);
  const letters = deadLetters(folder).letters.filter((letter) => !letter.done && isOwn(letter));
  checkUnchanged(version, letters, asked);
  const numbers = letters.map(({ number }) => number);
  const fed = rangesOf(numbers);
  return {
    numbers,
    repeated: letters.filter(({ begun }) => begun).length,
    port: { replay: folder, letters: fed },
    fed,
    begin: () => markLetters(folder, 'Begun', numbers),
    end: (delivered) => {
      if (delivered) markLetters(folder, 'Done', numbers);
    },
    giveUp: () => markLetters(folder, 'Begun', []),
  };
}
