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

/** What is known of the chain that begins behind an agent. */
interface Chain {
  /** Links: agents behind the first. */
  readonly count: number;
  /** The last one, and the one before it, which may be the agent itself. NO_AGENT where it does not wait. */
  readonly end: number;
  readonly waiter: number;
}

const NONE: Chain = { count: 0, end: NO_AGENT, waiter: NO_AGENT };

export class WaitChains {
  readonly #next: readonly number[];
  readonly #chains: (Chain | undefined)[];
  #steps = 0;

  /** @param next agent → the one it waits for, or NO_AGENT */
  constructor(next: readonly number[]) {
    this.#next = next;
    this.#chains = new Array<Chain | undefined>(next.length);
    const seenFrom = new Array<number>(next.length).fill(NO_AGENT);
    for (let agent = 0; agent < next.length; agent++) this.#walk(agent, seenFrom);
  }

  /** Agents looked at so far: what tests hold against the number of agents. */
  get steps(): number {
    return this.#steps;
  }

  chain(agent: number): Chain {
    return this.#chains[agent] ?? NONE;
  }

  /** The agents that an agent waits for, in order: at most BLOCKED_ON_MAX, of a longer chain the first ones and the last. */
  links(agent: number): number[] {
    const { count, end } = this.chain(agent);
    const links: number[] = [];
    const shown = Math.min(count, BLOCKED_ON_MAX);
    for (let at = this.#nextOf(agent); links.length < shown; at = this.#nextOf(at)) links.push(at);
    if (count > shown) links[shown - 1] = end;
    this.#steps += shown;
    return links;
  }

  #nextOf(agent: number): number {
    return this.#next[agent] ?? NO_AGENT;
  }

  /** Follows the waits from `start` to what is known already, then settles everything on the way, from its end. */
  #walk(start: number, seenFrom: number[]): void {
    const way: number[] = [];
    let at = start;
    for (; at !== NO_AGENT && this.#chains[at] === undefined && seenFrom[at] !== start; at = this.#nextOf(at)) {
      seenFrom[at] = start;
      way.push(at);
    }
    this.#steps += way.length;
    if (at !== NO_AGENT && this.#chains[at] === undefined) this.#settleCircle(way.splice(way.indexOf(at)));
    for (let i = way.length - 1; i >= 0; i--) this.#settle(way[i] as number);
  }

  #settle(agent: number): void {
    const next = this.#nextOf(agent);
    if (next === NO_AGENT) {
      this.#chains[agent] = NONE;
      return;
    }
    const behind = this.chain(next);
    this.#chains[agent] =
      behind.count === 0
        ? { count: 1, end: next, waiter: agent }
        : { count: behind.count + 1, end: behind.end, waiter: behind.waiter };
  }

  /** In a circle the chain of each agent goes once round, up to the agent that waits for it. */
  #settleCircle(circle: readonly number[]): void {
    const count = circle.length - 1;
    for (const [place, agent] of circle.entries()) {
      const before = (steps: number): number => circle[(place - steps + 2 * circle.length) % circle.length] as number;
      this.#chains[agent] = count === 0 ? NONE : { count, end: before(1), waiter: count === 1 ? agent : before(2) };
    }
  }
}
