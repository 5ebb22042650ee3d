import { CelDuration, CelMap, CelTimestamp, CelType, CelUint, type CelValue } from '../../../lib/expression/values.js';
import { compareBytes, fail, isList, utf8 } from './operators.js';
import { durationText, timestampText } from './time.js';

/** `string.format` of the extension for strings. */

const special = (value: number): string | undefined =>
  Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? undefined : value > 0 ? 'Infinity' : '-Infinity';

function shown(value: CelValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof CelUint) return String(value.value);
  if (typeof value === 'number') return special(value) ?? (Object.is(value, -0) ? '-0' : String(value));
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof CelTimestamp) return timestampText(value);
  if (value instanceof CelDuration) return durationText(value);
  if (value instanceof CelType) return value.name;
  if (value instanceof CelMap) {
    const pairs = value.entries.map(([key, of]) => [shown(key), shown(of)] as const);
    pairs.sort(([left], [right]) => compareBytes(utf8(left), utf8(right)));
    return `{${pairs.map(([key, of]) => `${key}: ${of}`).join(', ')}}`;
  }
  return isList(value) ? `[${value.map(shown).join(', ')}]` : fail('BadArgument');
}

function digits(value: CelValue, base: number): string {
  if (typeof value === 'bigint') return value.toString(base);
  if (value instanceof CelUint) return value.value.toString(base);
  if (base === 2 && typeof value === 'boolean') return value ? '1' : '0';
  if (base === 10 && typeof value === 'number') return special(value) ?? fail('BadArgument');
  const bytes = typeof value === 'string' ? utf8(value) : value;
  if (base !== 16 || !(bytes instanceof Uint8Array)) return fail('BadArgument');
  return Buffer.from(bytes).toString('hex');
}

function fixed(value: CelValue, precision: number, exponent: boolean): string {
  const number = value instanceof CelUint ? Number(value.value) : typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') return fail('BadArgument');
  const word = special(number);
  if (word !== undefined) return word;
  if (!exponent) {
    // Halves go to the even digit; toFixed takes the upper one.
    const scaled = number * 10 ** precision;
    const isHalf = precision < 15 && Math.abs(scaled % 1) === 0.5;
    return isHalf ? ((2 * Math.round(scaled / 2)) / 10 ** precision).toFixed(precision) : number.toFixed(precision);
  }
  return number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
}

export function format(text: string, args: readonly CelValue[]): string {
  let used = 0;
  const out = text.replace(
    /%(?:%|(?:\.(\d+))?(.)?)/gsu,
    (all, precision: string | undefined, verb: string | undefined) => {
      if (all === '%%') return '%';
      if (used >= args.length || (precision !== undefined && !/[fe]/.test(verb ?? ''))) return fail('BadArgument');
      const value = args[used] as CelValue;
      used += 1;
      const places = precision === undefined ? 6 : Number(precision);
      if (verb === 's') return shown(value);
      if (verb === 'd') return digits(value, 10);
      if (verb === 'b') return digits(value, 2);
      if (verb === 'o') return digits(value, 8);
      if (verb === 'x') return digits(value, 16);
      if (verb === 'X') return digits(value, 16).toUpperCase();
      return verb === 'f' || verb === 'e' ? fixed(value, places, verb === 'e') : fail('BadArgument');
    },
  );
  return out;
}
