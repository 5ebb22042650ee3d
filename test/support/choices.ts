/**
 * A stream of small decisions, for generators whose parts depend on each other. fast-check shrinks the list of numbers
 * behind it; decisions past its end are all 0, so a shorter list is a simpler plan.
 */
import fc from 'fast-check';

export class Choices {
  private next = 0;

  constructor(private readonly numbers: readonly number[]) {}

  /** An integer from 0 to `below - 1`. */
  below(below: number): number {
    const number = this.numbers[this.next] ?? 0;
    this.next += 1;
    return number % below;
  }

  /** An integer from `low` to `high`; `low` is the simplest. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True one time in `in_`; false is the simplest. */
  chance(oneIn = 2): boolean {
    return this.below(oneIn) === oneIn - 1;
  }

  /** One of a list; the first is the simplest. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A list in some order. */
  shuffle<T>(list: readonly T[]): T[] {
    const rest = [...list];
    const out: T[] = [];
    while (rest.length > 0) out.push(...rest.splice(this.below(rest.length), 1));
    return out;
  }
}

/** Decisions to draw from; `most` is how many there are at most before all are 0. */
export function arbitraryChoices(most: number): fc.Arbitrary<Choices> {
  return fc.array(fc.nat(1_000_000), { maxLength: most, size: 'max' }).map((numbers) => new Choices(numbers));
}
