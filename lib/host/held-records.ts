/**
 * The records of which a function has promised an answer, in their order: as many as it works on at once, and none overtakes
 * another. Used by the thread that runs the stage.
 */

/** What came of one record. */
export type Outcome =
  | { readonly is: 'answer'; readonly answer: unknown }
  | { readonly is: 'failure'; readonly error: unknown }
  | { readonly is: 'late' };

interface Held {
  readonly row: number;
  /** Milliseconds of performance.now(). */
  readonly since: number;
  outcome: Outcome | undefined;
}

export class HeldRecords {
  readonly #held: Held[] = [];
  readonly #settled: (row: number, outcome: Outcome) => void;
  #open = true;

  /** @param settled called for each promise that settles, while the records are the function's */
  constructor(settled: (row: number, outcome: Outcome) => void) {
    this.#settled = settled;
  }

  get size(): number {
    return this.#held.length;
  }

  /** The first of them has its outcome. */
  get ready(): boolean {
    return this.#held[0]?.outcome !== undefined;
  }

  /** Of one that came behind others, and is done with already. */
  add(row: number, outcome: Outcome): void {
    this.#held.push({ row, since: 0, outcome });
  }

  wait(row: number, promise: PromiseLike<unknown>): void {
    const held: Held = { row, since: performance.now(), outcome: undefined };
    this.#held.push(held);
    const settle = (outcome: Outcome): void => this.#settle(held, outcome);
    // Not the thenable's own `then`: it may call back at once, or throw.
    Promise.resolve(promise).then(
      (answer) => settle({ is: 'answer', answer }),
      (error: unknown) => settle({ is: 'failure', error }),
    );
  }

  /** The first one is late where its promise is older than that; those behind it are not older. */
  refuseOlder(ms: number): void {
    const first = this.#held[0];
    if (first === undefined || first.outcome !== undefined) return;
    if (performance.now() - first.since >= ms) this.#settle(first, { is: 'late' });
  }

  #settle(held: Held, outcome: Outcome): void {
    // It may have been late, or the pipeline has ended.
    if (!this.#open || held.outcome !== undefined) return;
    held.outcome = outcome;
    this.#settled(held.row, outcome);
  }

  /** The first one, where it has its outcome. */
  take(): { readonly row: number; readonly outcome: Outcome } | undefined {
    const first = this.#held[0];
    if (first?.outcome === undefined) return undefined;
    this.#held.shift();
    return first as { readonly row: number; readonly outcome: Outcome };
  }

  /** Nothing is waited for any more. The rows of those that were. */
  close(): readonly number[] {
    this.#open = false;
    return this.#held.splice(0).map(({ row }) => row);
  }
}
