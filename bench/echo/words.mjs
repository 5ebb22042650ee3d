/** What all contestants send: record i has the words i, i + 1, … and each sums up every word that came back. */

export const FIELDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Sum over the records 0 … n - 1 of `words` words each. */
export const expectedSum = (n, words) => words * ((n * (n - 1)) / 2) + n * ((words * (words - 1)) / 2);
