/** CRC-32C (Castagnoli) in plain JavaScript: the demo's own opinion, to hold against the `checksum` stage. */

const POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256: a step takes eight bytes. */
const TABLES = (() => {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    tables[0][byte] = value;
  }
  for (let byte = 0; byte < 256; byte++)
    for (let k = 1; k < 8; k++) {
      const before = tables[k - 1][byte];
      tables[k][byte] = tables[0][before & 255] ^ (before >>> 8);
    }
  return tables;
})();
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;

/** Extends `crc` (0 at the start) by `bytes[from … to - 1]`; an unsigned 32-bit number. */
export function crc32c(crc, bytes, from, to) {
  let value = ~crc;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    value ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    value =
      T7[value & 255] ^
      T6[(value >>> 8) & 255] ^
      T5[(value >>> 16) & 255] ^
      T4[value >>> 24] ^
      T3[bytes[at + 4]] ^
      T2[bytes[at + 5]] ^
      T1[bytes[at + 6]] ^
      T0[bytes[at + 7]];
  }
  for (; at < to; at++) value = T0[(value ^ bytes[at]) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}
