/** Numbers as people write them on a command line. Pure; any thread. */
import { InvalidArgumentError } from 'commander';
import { CPU_LIST_END } from '../abi/limits.js';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1000,
  m: 1000 ** 2,
  mb: 1000 ** 2,
  g: 1000 ** 3,
  gb: 1000 ** 3,
  ki: 1024,
  kib: 1024,
  mi: 1024 ** 2,
  mib: 1024 ** 2,
  gi: 1024 ** 3,
  gib: 1024 ** 3,
};

const SIZE = /^([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)$/i;

/**
 * `4096`, `64k` (64,000), `1.5MiB` (1,572,864): bytes. k, M, G count in thousands; Ki, Mi, Gi in 1024s; a B may follow.
 * @throws InvalidArgumentError for anything else
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '').toLowerCase()];
  const bytes = match === null || unit === undefined ? Number.NaN : Number(match[1]) * unit;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError(
    'A size is a number of bytes above 0 with k, M, G (thousands) or KiB, MiB, GiB (1024s).',
  );
}

/** @throws InvalidArgumentError unless the text is a whole number from `min` to `max` */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^[0-9]+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };

/** A record count with the units of sizes without B: `8192`, `64k`, `1Mi`. */
export function parseCount(text: string): number {
  if (!/b$/i.test(text.trim())) return parseSize(text);
  throw new InvalidArgumentError('This counts records, not bytes: leave out the B.');
}

/**
 * Linux's notation for CPU lists: `0,2-5`; order is kept, because threads take CPUs in the order given.
 * @throws InvalidArgumentError when it is malformed or names a CPU twice
 */
export function parseCpuList(text: string): number[] {
  const cpus = text.split(',').flatMap((part) => {
    const match = /^\s*([0-9]+)(?:-([0-9]+))?\s*$/.exec(part);
    const first = Number(match?.[1] ?? Number.NaN);
    const last = Number(match?.[2] ?? first);
    if (!(first <= last && last < CPU_LIST_END)) throw new InvalidArgumentError('Give CPU numbers like 0,2-5.');
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
  if (new Set(cpus).size !== cpus.length) throw new InvalidArgumentError('It names a CPU twice.');
  return cpus;
}

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/**
 * Milliseconds of `500ms`, `2s`, `1.5s`, `1m` or `0`. A bare number could be meant as milliseconds or as seconds, so it
 * is refused.
 * @throws InvalidArgumentError for anything else
 */
export function parseDuration(text: string): number {
  const [, digits = '', unit = ''] = /^([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const value = digits === '' ? Number.NaN : Number(digits);
  if (value === 0 && unit === '') return 0;
  if (unit === '' && value > 0)
    throw new InvalidArgumentError(`It has no unit. Write ${digits}ms, ${digits}s or ${digits}m (minutes).`);
  const ms = value * (DURATION_UNITS[unit] ?? Number.NaN);
  if (Number.isSafeInteger(ms)) return ms;
  throw new InvalidArgumentError('A duration is a number with ms, s or m (minutes), whole in milliseconds, or 0.');
}

/** Bytes for people, in 1024s: `512 B`, `64 KiB`, `1.5 MiB`. */
export function sizeWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || Number.isInteger(value) ? 0 : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Amounts of data and rates for people, in thousands as disks and networks count: `812 MB`, `1.05 GB`. */
export function dataWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}
