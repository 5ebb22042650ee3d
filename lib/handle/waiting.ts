/**
 * Promises that wait for room or for records, in the order in which they were asked for. The rule is the pipeline's wait
 * strategy, as for native threads: `spin` and `yield` look again every turn of the event loop, `adaptive` does so for a
 * short while and then sleeps, `park` sleeps at once. To sleep is to arm a cell in the region, look once more, and let a
 * native thread's event wake this queue; it costs no CPU. One thread, its own event loop.
 */

import { describeValue } from '../error/describe-value.js';
import { AbortedError, DeadlineError, OptionError } from '../error/errors.js';
import { onAbort } from './abort.js';
import { owesTurn } from './turns.js';

/** How every wait can be ended early. */
export interface WaitOptions {
  /** Rejects the wait with an AbortedError when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from the call, ≥ 0; then the wait is rejected with a DeadlineError. Default: no deadline. */
  readonly deadline?: number | undefined;
}

export type HotWait = 'spin' | 'adaptive' | 'park';

/** Longer than two turns of the event loop, shorter than a native thread's own patience: about what a wake-up costs. */
export const HOT_WINDOW_MS = 0.05;

/** setTimeout cannot count further; a longer deadline waits in several goes, which a day more or less never needs. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/**
 * What the queue needs of its owner.
 * @internal
 */
export interface Waker {
  readonly hotWait: HotWait;
  /** Arms the cells that make a native thread send an event. */
  arm(): void;
  /** The first wait began or the last one ended: the event loop must, or need not, be kept alive. */
  hold(): void;
  unhold(): void;
}

interface Wait {
  /** Tries again; true when it is settled. Never throws. May run the caller's code (a record's getters). */
  readonly attempt: () => boolean;
  readonly reject: (error: unknown) => void;
  cleanUp: () => void;
  /** Why it ends unless the attempt that is under way settles it. */
  ended: { readonly error: unknown } | undefined;
}

/**
 * @throws OptionError for a deadline that is not a number of milliseconds.
 * @internal
 */
export function checkedDeadline(deadline: number | undefined): number {
  if (deadline === undefined) return Number.POSITIVE_INFINITY;
  if (typeof deadline !== 'number' || Number.isNaN(deadline) || deadline < 0)
    throw new OptionError(
      'deadline',
      deadline,
      `deadline is ${String(deadline)}: give milliseconds from the call, 0 or more, or Infinity`,
    );
  return deadline;
}

/**
 * @throws OptionError for what is not an AbortSignal.
 * @internal
 */
export function checkedSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || signal instanceof EventTarget) return signal;
  throw new OptionError(
    'signal',
    signal,
    `signal is ${describeValue(signal)}: give the \`signal\` of an AbortController, or leave it out`,
  );
}

/**
 * Calls `expire` after `ms` milliseconds unless the returned function is called first. Infinity never expires.
 * @internal
 */
export function startDeadline(ms: number, expire: () => void): () => void {
  if (ms === Number.POSITIVE_INFINITY) return () => {};
  let left = ms;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const now = Math.min(left, TIMEOUT_MS_MAX);
    left -= now;
    timer = setTimeout(left > 0 ? next : expire, now);
  };
  next();
  return () => clearTimeout(timer);
}

/** @internal */
export class WaitQueue {
  readonly #waits: Wait[] = [];
  readonly #waker: Waker;
  /** What is waited for, for the errors: "push", "a record". */
  readonly #what: string;
  #turn: NodeJS.Immediate | undefined;
  #hotUntil = 0;
  #held = false;
  /** The wait whose attempt is under way. */
  #trying: Wait | undefined;

  constructor(what: string, waker: Waker) {
    this.#what = what;
    this.#waker = waker;
  }

  get length(): number {
    return this.#waits.length;
  }

  /**
   * A promise of what `attempt` gives: undefined means not yet, a throw rejects. It is tried at once unless others wait
   * already. A promise that is settled at once gives the event loop its turn first where that is due. `late` explains in
   * the DeadlineError why the wait was in vain.
   */
  wait<T extends NonNullable<unknown>>(
    attempt: () => T | undefined,
    options: WaitOptions,
    late: () => string,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let atOnce = true;
      const settle = (): boolean => {
        try {
          const result = attempt();
          if (result === undefined) return false;
          if (atOnce && owesTurn()) setImmediate(resolve, result);
          else resolve(result);
        } catch (error) {
          reject(error);
        }
        return true;
      };
      this.#enter(settle, reject, options, late);
      atOnce = false;
    });
  }

  /** Something may have changed: tries the waits in order. Called for native events and by the handles themselves. */
  kick(): void {
    if (this.#waits.length === 0 || this.#trying !== undefined) return;
    if (this.#run()) this.#stayHot();
    else if (this.#waits.length > 0 && this.#turn === undefined) this.#sleep();
  }

  /** Rejects every wait. */
  fail(error: unknown): void {
    for (const wait of [...this.#waits]) this.#end(wait, error);
    this.#settle();
  }

  #enter(attempt: () => boolean, reject: (error: unknown) => void, options: WaitOptions, late: () => string): void {
    const deadline = checkedDeadline(options.deadline);
    const signal = checkedSignal(options.signal);
    const aborted = (): AbortedError => new AbortedError(this.#what, signal?.reason);
    if (signal?.aborted === true) {
      reject(aborted());
      return;
    }
    if (this.#waits.length === 0 && attempt()) return;
    const clear = startDeadline(deadline, () =>
      this.#leave(wait, new DeadlineError(`${this.#what} did not happen within ${deadline} ms: ${late()}`)),
    );
    const wait: Wait = { attempt, reject, cleanUp: clear, ended: undefined };
    this.#waits.push(wait);
    // The attempt may have run the caller's code, and the signal may have been aborted in it.
    if (signal !== undefined) {
      const ignore = onAbort(signal, () => this.#leave(wait, aborted()));
      wait.cleanUp = () => {
        clear();
        ignore();
      };
    }
    if (this.#waits[0] !== wait) return;
    this.#hold();
    this.#stayHot();
  }

  /** Tries the waits from the first on. True when at least one went through. */
  #run(): boolean {
    let moved = false;
    for (;;) {
      const wait = this.#waits[0];
      if (wait === undefined) break;
      this.#trying = wait;
      const done = wait.attempt();
      this.#trying = undefined;
      if (!done && wait.ended === undefined) break;
      this.#remove(wait);
      // What was settled stays settled: a record that went in is in, whatever its own getters have ended.
      if (!done) wait.reject(wait.ended?.error);
      moved = true;
    }
    if (moved) this.#settle();
    return moved;
  }

  #leave(wait: Wait, error: unknown): void {
    const index = this.#waits.indexOf(wait);
    if (index < 0) return;
    this.#end(wait, error);
    this.#settle();
    // The first in line may have been what the others waited behind.
    if (index === 0) this.kick();
  }

  /** Rejects a wait; one that is being tried, when that has come to nothing. */
  #end(wait: Wait, error: unknown): void {
    if (wait === this.#trying) {
      wait.ended ??= { error };
      return;
    }
    this.#remove(wait);
    wait.reject(error);
  }

  #remove(wait: Wait): void {
    const index = this.#waits.indexOf(wait);
    if (index >= 0) this.#waits.splice(index, 1);
    wait.cleanUp();
  }

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#waker.hold();
  }

  #settle(): void {
    if (this.#waits.length > 0 || !this.#held) return;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#held = false;
    this.#waker.unhold();
  }

  #stayHot(): void {
    if (this.#waits.length === 0) return;
    if (this.#waker.hotWait === 'park') {
      this.#sleep();
      return;
    }
    if (this.#waker.hotWait === 'adaptive') this.#hotUntil = performance.now() + HOT_WINDOW_MS;
    this.#turn ??= setImmediate(this.#look);
  }

  readonly #look = (): void => {
    this.#turn = undefined;
    if (this.#run()) {
      this.#stayHot();
      return;
    }
    if (this.#waker.hotWait === 'spin' || performance.now() < this.#hotUntil) this.#turn = setImmediate(this.#look);
    else this.#sleep();
  };

  #sleep(): void {
    this.#waker.arm();
    // A thread that changed something before it could see the armed cell did not send an event.
    if (this.#run() && this.#waits.length > 0) this.#stayHot();
  }
}
