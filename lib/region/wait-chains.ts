/**
 * Which agent of a pipeline waits for which, and which one holds the others up. Each waits for one other at most, so the
 * waits form chains, which may join, and, where cells of two moments do not fit together, circles:
 *
 *   a ─▶ b ─▶ c ─▶ d     d ends the chains of a, b and c: each is blamed on the edge between c and d
 *
 * A chain is as long as the pipeline and every agent has one, so their ends are found in one walk over all agents, and a
 * chain is shown up to a bound. Pure.
 */

/** Links of a chain that are shown: the first ones, and the last. Enough to read, and a pipeline may have thousands. */
export const BLOCKED_ON_MAX = 16;

export const NO_AGENT = -1;

export class WaitChains {
  /** Of the chain that begins behind each agent its links: 0 where it does not wait. */
  readonly counts: Int32Array;
  /** The last agent of each chain, and the one that waits for it, perhaps the first: NO_AGENT where it does not wait. */
  readonly ends: Int32Array;
  readonly waiters: Int32Array;
  readonly #next: Int32Array;
  #steps = 0;

  /** @param next agent → the one it waits for, or NO_AGENT */
  constructor(next: Int32Array) {
    this.#next = next;
    this.counts = new Int32Array(next.length).fill(UNSETTLED);
    this.ends = new Int32Array(next.length).fill(NO_AGENT);
    this.waiters = new Int32Array(next.length).fill(NO_AGENT);
    this.#settle();
  }

  /** Agents looked at so far: what tests hold against the number of agents. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * The agents that an agent waits for, in order, each as it stands in `all`: at most BLOCKED_ON_MAX, of a longer chain the
   * first ones and the last.
   */
  links<Link>(agent: number, all: ArrayLike<Link>): Link[] {
    const next = this.#next;
    const count = this.counts[agent] as number;
    const shown = Math.min(count, BLOCKED_ON_MAX);
    const links = new Array<Link>(shown);
    let at = agent;
    for (let place = 0; place < shown; place++) {
      at = next[at] as number;
      links[place] = all[at] as Link;
    }
    if (count > shown) links[shown - 1] = all[this.ends[agent] as number] as Link;
    this.#steps += shown;
    return links;
  }

  /**
   * Follows the waits of each agent to what is known already, then settles everything on the way, from its end. One loop
   * without calls: it is soon compiled.
   */
  #settle(): void {
    const [next, counts, ends, waiters] = [this.#next, this.counts, this.ends, this.waiters];
    const seenFrom = new Int32Array(next.length).fill(NO_AGENT);
    const way = new Int32Array(next.length);
    for (let start = 0; start < next.length; start++) {
      let length = 0;
      let at = start;
      for (; at !== NO_AGENT && counts[at] === UNSETTLED && seenFrom[at] !== start; at = next[at] as number) {
        seenFrom[at] = start;
        way[length++] = at;
      }
      this.#steps += length;
      if (at !== NO_AGENT && counts[at] === UNSETTLED) {
        const circle = way.subarray(way.indexOf(at), length);
        this.#settleCircle(circle);
        length -= circle.length;
      }
      for (length--; length >= 0; length--) {
        const agent = way[length] as number;
        const behind = next[agent] as number;
        const links = behind === NO_AGENT ? -1 : (counts[behind] as number);
        counts[agent] = links + 1;
        if (links < 0) continue;
        ends[agent] = links === 0 ? behind : (ends[behind] as number);
        waiters[agent] = links === 0 ? agent : (waiters[behind] as number);
      }
    }
  }

  /** In a circle the chain of each agent goes once round, up to the agent that waits for it. */
  #settleCircle(circle: Int32Array): void {
    const count = circle.length - 1;
    for (const [place, agent] of circle.entries()) {
      const before = (steps: number): number => circle[(place - steps + 2 * circle.length) % circle.length] as number;
      this.counts[agent] = count;
      if (count === 0) continue;
      this.ends[agent] = before(1);
      this.waiters[agent] = count === 1 ? agent : before(2);
    }
  }
}

const UNSETTLED = -1;
