/**
 * The monotonic clock in nanoseconds as a double, the same that native/core/clock.hpp reads. Allocates; control path and
 * sampled records only. Any thread.
 */
export function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}
