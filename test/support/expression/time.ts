import { CelDuration, CelTimestamp, type CelValue } from '../../../lib/expression/values.js';
import { durationOf, fail, nanosOf, noOverload, timestampOf } from './operators.js';

const NANOS = 1_000_000_000n;

export function parseTimestamp(text: string): CelTimestamp {
  const found = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:\d\d)$/.exec(text);
  if (found === null) return fail('BadText');
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const fits = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!fits || hour > 23 || minute > 59 || second > 59) return fail('BadText');
  date.setUTCHours(hour, minute, second);
  const zone = found[8] as string;
  const sign = zone[0] === '-' ? -1 : 1;
  const offset = /^[zZ]/.test(zone) ? 0 : sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  const seconds = BigInt(date.getTime() / 1000 - offset * 60);
  return timestampOf(seconds * NANOS + BigInt((found[7] ?? '').padEnd(9, '0') || 0));
}

const UNITS: Readonly<Record<string, bigint>> = {
  h: 3600n * NANOS,
  m: 60n * NANOS,
  s: NANOS,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  ns: 1n,
};

export function parseDuration(text: string): CelDuration {
  const found = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:h|ms|us|µs|ns|m|s))+|0)$/.exec(text);
  if (found === null) return fail('BadText');
  let nanos = 0n;
  for (const [, whole, rest, unit] of (found[2] as string).matchAll(/(\d*)\.?(\d*)(h|ms|us|µs|ns|m|s)/g)) {
    const size = UNITS[unit as string] as bigint;
    nanos += BigInt(whole || 0) * size;
    if (rest) nanos += (BigInt(rest) * size) / 10n ** BigInt(rest.length);
  }
  return durationOf(found[1] === '-' ? -nanos : nanos);
}

const fraction = (nanos: number): string =>
  nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;

export function timestampText(value: CelTimestamp): string {
  const date = new Date(Number(value.seconds) * 1000).toISOString().slice(0, 19);
  return `${date}${fraction(value.nanos)}Z`;
}

export function durationText(value: CelDuration): string {
  const nanos = nanosOf(value);
  const size = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? '-' : ''}${size / NANOS}${fraction(Number(size % NANOS))}s`;
}

function zoneOffset(seconds: bigint, zone: string): number {
  const fixed = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (fixed !== null) return (fixed[1] === '-' ? -60 : 60) * (Number(fixed[2]) * 60 + Number(fixed[3]));
  if (zone === 'UTC' || zone === '') return 0;
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(new Date(Number(seconds) * 1000));
    const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
    const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return local / 1000 - Number(seconds);
  } catch {
    return fail('BadArgument');
  }
}

/** `getFullYear` and its kin. */
export function timePart(part: string, of: CelValue, zone: CelValue): bigint {
  if (of instanceof CelDuration) {
    if (zone !== 'UTC') return noOverload();
    const nanos = nanosOf(of);
    const by = { Hours: 3600n * NANOS, Minutes: 60n * NANOS, Seconds: NANOS, Milliseconds: 1_000_000n }[part];
    if (by === undefined) return noOverload();
    return part === 'Milliseconds' ? (nanos / by) % 1000n : nanos / by;
  }
  if (!(of instanceof CelTimestamp) || typeof zone !== 'string') return noOverload();
  const date = new Date((Number(of.seconds) + zoneOffset(of.seconds, zone)) * 1000);
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  const parts: Readonly<Record<string, number>> = {
    FullYear: date.getUTCFullYear(),
    Month: date.getUTCMonth(),
    DayOfYear: Math.floor((date.getTime() - start.getTime()) / 86_400_000),
    DayOfMonth: date.getUTCDate() - 1,
    Date: date.getUTCDate(),
    DayOfWeek: date.getUTCDay(),
    Hours: date.getUTCHours(),
    Minutes: date.getUTCMinutes(),
    Seconds: date.getUTCSeconds(),
    Milliseconds: Math.floor(of.nanos / 1_000_000),
  };
  return BigInt(parts[part] as number);
}
