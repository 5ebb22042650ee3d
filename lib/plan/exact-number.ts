/**
 * Whether a number's text says what is read from it. A plan's numbers are doubles: text with more digits than one holds
 * would be rounded in silence. A whole number must be exact; any other must be the shortest text of its double, or the
 * same digits written in another way (`1.50`, `15e-1`). Pure; any thread.
 */

interface Decimal {
  /** Without zeros at either end; empty for zero. */
  readonly digits: string;
  /** The value is `0.digits × 10^exponent`. */
  readonly exponent: number;
}

const WHOLE = /^[-+]?(?:[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const DECIMAL = /^[-+]?([0-9]*)\.?([0-9]*)(?:[eE]([-+]?[0-9]+))?$/;

/** True if `value`, which is finite, is what `source` says. */
export function isExact(source: string, value: number): boolean {
  // Text that JSON's and YAML's numbers can be is all that is read as one.
  if (WHOLE.test(source)) return isSameWhole(source.replace(/^[-+]/, ''), Math.abs(value));
  const [said, read] = [decimalOf(source), decimalOf(String(value))];
  return said?.digits === read?.digits && (said?.digits === '' || said?.exponent === read?.exponent);
}

/** More digits than this are beyond the largest double, and would only cost time. */
const WHOLE_DIGITS_MAX = 400;

function isSameWhole(source: string, value: number): boolean {
  const digits = source.replace(/^0+(?=[0-9])/, '');
  return digits.length <= WHOLE_DIGITS_MAX && BigInt(digits) === BigInt(value);
}

function decimalOf(text: string): Decimal | undefined {
  const parts = DECIMAL.exec(text);
  if (parts === null) return undefined;
  const [, whole = '', fraction = '', power = '0'] = parts;
  const significant = (whole + fraction).replace(/^0+/, '');
  const leading = whole.length + fraction.length - significant.length;
  return { digits: significant.replace(/0+$/, ''), exponent: whole.length - leading + Number(power) };
}
