/**
 * Turns of the event loop for code that awaits what is never late: `for (;;) await ingress.push(record)` goes from
 * microtask to microtask, and timers and sockets would starve. A promise that is settled at once asks here; where the
 * loop has had no turn for TURN_MS, it is settled by the next one. One loop a thread; callers that are hot ask once in 16
 * calls (decision 099).
 */

/** Milliseconds that calls may follow each other without a turn: short for a timer, long beside what a turn costs. */
const TURN_MS = 10;

/** Calls between two questions, less one, of callers that are hot. */
export const TURN_CALLS_MASK = 15;

/** A turn has been asked for and has not come yet; since when. */
let asked = false;
let since = 0;

const turned = (): void => {
  asked = false;
};

/** True when the event loop has waited for its turn too long. */
export function owesTurn(): boolean {
  if (asked) return performance.now() - since >= TURN_MS;
  asked = true;
  since = performance.now();
  // Alone it is not a reason to keep the process alive.
  setImmediate(turned).unref();
  return false;
}

/** The value, after a turn of the event loop. */
export const afterTurn = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(resolve, value));
