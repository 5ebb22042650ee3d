import { CelMap, CelUint, type CelValue } from '../../../lib/expression/values.js';

/** JSON as expressions see it: digits alone are int or uint, of members of one name the first counts. The text is valid. */
export function parseJson(text: string): CelValue {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[-+.eE0-9]+|true|false|null|[[\]{},:]/g) ?? [];
  let at = 0;
  const value = (): CelValue => {
    const token = tokens[at] as string;
    at += 1;
    if (token === '[') {
      const list: CelValue[] = [];
      while (tokens[at] !== ']') {
        list.push(value());
        if (tokens[at] === ',') at += 1;
      }
      at += 1;
      return list;
    }
    if (token === '{') return members();
    if (token[0] === '"') return JSON.parse(token).toWellFormed() as string;
    if (token === 'true' || token === 'false') return token === 'true';
    return token === 'null' ? null : numberOf(token);
  };
  const members = (): CelMap => {
    const entries = new Map<string, CelValue>();
    while (tokens[at] !== '}') {
      const key = value() as string;
      at += 1;
      const member = value();
      if (!entries.has(key)) entries.set(key, member);
      if (tokens[at] === ',') at += 1;
    }
    at += 1;
    return new CelMap([...entries]);
  };
  return value();
}

function numberOf(token: string): CelValue {
  if (!/^-?\d+$/.test(token)) return Number(token);
  const whole = BigInt(token);
  if (whole > 2n ** 63n - 1n && whole < 2n ** 64n) return new CelUint(whole);
  return whole >= -(2n ** 63n) && whole < 2n ** 63n ? whole : Number(token);
}
