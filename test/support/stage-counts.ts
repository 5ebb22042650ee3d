import type { StageCounts } from '../../lib/region/counts.js';

/**
 * The counts of a stage from those that are not 0: what left it passed on unless it was emitted, and what failed stopped the
 * pipeline unless something else is said.
 */
export function stageCounts(counted: Partial<StageCounts>): StageCounts {
  const { in: reached = 0, out = 0, emitted = 0, dropped = 0, dead_lettered = 0, failed = 0 } = counted;
  return {
    in: reached,
    out,
    passed_on: out - emitted,
    passed_failed: 0,
    emitted,
    filtered: 0,
    failed,
    stopped: failed - dropped - dead_lettered,
    dropped,
    dead_lettered,
    absorbed: 0,
    abandoned: 0,
    held: 0,
    causes: {},
    ...counted,
  };
}

/** What `stageCounts` is told of a stage whose records fail in its op, and are dropped or passed on. */
export function failedCounts(dropped: number, passed: number): Partial<StageCounts> {
  const all = dropped + passed;
  return { failed: dropped, dropped, passed_failed: passed, causes: all === 0 ? {} : { REJECTED: all } };
}
