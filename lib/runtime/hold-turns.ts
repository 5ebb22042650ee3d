/**
 * Whether a function of a stage of a pipeline runs on this thread, for all holds that the thread has on that pipeline: what
 * `open` gave it, and what it attached itself. Inside of the function none of them may be used: the function's records are out,
 * and a handle that waits for them would wait for ever. One instance a pipeline and thread, as long as one of its holds lives.
 */

import { UsageError } from '../error/errors.js';

/** A hold, as far as turns go. */
export interface TurnedHold {
  /** Sends its handles to where they refuse, or lets them work again. */
  turnHandles(begins: boolean): void;
}

export class StageTurns {
  /** The function runs. */
  #inside = false;
  /** Weak: a hold that is dropped ends. */
  readonly #holds: WeakRef<TurnedHold>[] = [];

  add(hold: TurnedHold): void {
    const live = this.#holds.filter((known) => known.deref() !== undefined);
    this.#holds.splice(0, this.#holds.length, ...live, new WeakRef(hold));
  }

  /** A function begins, or has returned. */
  turn(begins: boolean): void {
    this.#inside = begins;
    for (const hold of this.#holds) hold.deref()?.turnHandles(begins);
  }

  /** @throws UsageError inside of a function */
  refuse(what: string): void {
    if (this.#inside)
      throw new UsageError(
        `${what} was used inside of a stage's function: return what becomes of the record, and use it elsewhere`,
      );
  }
}

/** By number; forgotten with their holds. */
const known = new Map<number, WeakRef<StageTurns>>();
const forget = new FinalizationRegistry<number>((number) => {
  if (known.get(number)?.deref() === undefined) known.delete(number);
});

/** Those of the pipeline with that number in this process. */
export function stageTurnsOf(number: number): StageTurns {
  const before = known.get(number)?.deref();
  if (before !== undefined) return before;
  const turns = new StageTurns();
  known.set(number, new WeakRef(turns));
  forget.register(turns, number);
  return turns;
}

/**
 * For `attach`.
 * @throws UsageError inside of a function of that pipeline
 */
export function refuseInTurnOf(number: number, what: string): void {
  known.get(number)?.deref()?.refuse(what);
}
