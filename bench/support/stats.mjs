/** Medians and spreads. Every benchmark reports them the same way. Pure. */

/** Median of numbers; NaN of none. */
export function median(values) {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value below which `share` (0…1) of the values lie; of a sorted typed array or array. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** `{ median, min, max, n }`, rounded to four digits: more would be noise in a committed file. */
export function spread(values) {
  if (values.length === 0) return { median: null, min: null, max: null, n: 0 };
  return {
    median: round(median(values)),
    min: round(Math.min(...values)),
    max: round(Math.max(...values)),
    n: values.length,
  };
}

/** Four significant digits. */
export function round(value) {
  return Number(value.toPrecision(4));
}
