/** Random expressions and records, the same for a seed: what both evaluators run. */

export type Random = (below: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    state ^= state >>> 12;
    return (state >>> 0) % below;
  };
}

const pick = <T>(random: Random, of: readonly T[]): T => of[random(of.length)] as T;

const MEMBERS = ['a', 'b', 'c', 'd.e', 'd.f', 'list', 'n', 'nope', 'd'];

const NUMBERS = ['0', '1', '-1', '2', '7', '1u', '3u', '1.5', '-0.0', '2.0', '9223372036854775807', '1e300'];
const TEXTS = ['""', '"x"', '"abc"', '"é"', '"日本"', '"a😀b"', '"10"'];

const member = (random: Random): string => `record.${pick(random, MEMBERS)}`;

function number(random: Random, depth: number): string {
  const kind = random(depth > 3 ? 3 : 10);
  if (kind === 0) return pick(random, NUMBERS);
  if (kind === 1) return `int(${member(random)})`;
  if (kind === 2) return `double(${member(random)})`;
  if (kind === 3) return `size(${text(random, depth + 1)})`;
  if (kind === 4)
    return `(${condition(random, depth + 1)} ? ${number(random, depth + 1)} : ${number(random, depth + 1)})`;
  if (kind === 5) return `record.?${pick(random, ['a', 'nope', 'n'])}.orValue(${pick(random, NUMBERS)})`;
  if (kind === 6) return `size(record.list.filter(x, ${condition(random, depth + 1)}))`;
  if (kind === 7) return `math.greatest(${number(random, depth + 1)}, ${number(random, depth + 1)})`;
  const [left, right] = [number(random, depth + 1), number(random, depth + 1)];
  return `dyn(${left}) ${pick(random, ['+', '-', '*', '/', '%'])} dyn(${right})`;
}

function text(random: Random, depth: number): string {
  const kind = random(depth > 3 ? 2 : 8);
  if (kind === 0) return pick(random, TEXTS);
  if (kind === 1) return `string(${member(random)})`;
  if (kind === 2) return `(${text(random, depth + 1)} + ${text(random, depth + 1)})`;
  if (kind === 3) return `${text(random, depth + 1)}.substring(${random(3)})`;
  if (kind === 4)
    return `${text(random, depth + 1)}.${pick(random, ['upperAscii()', 'lowerAscii()', 'trim()', 'reverse()'])}`;
  if (kind === 5) return `${text(random, depth + 1)}.replace("a", ${text(random, depth + 1)})`;
  if (kind === 6) return `string(${number(random, depth + 1)})`;
  return `${text(random, depth + 1)}.split("b").join("-")`;
}

function condition(random: Random, depth: number): string {
  const kind = random(depth > 3 ? 4 : 12);
  const compared = pick(random, ['==', '!=', '<', '<=', '>', '>=']);
  if (kind === 0) return pick(random, ['true', 'false']);
  if (kind === 1) return `has(${member(random)})`;
  if (kind === 2) return `${member(random)} ${compared} ${pick(random, [...NUMBERS, ...TEXTS, 'true', 'null'])}`;
  if (kind === 3) return `${member(random)} == ${member(random)}`;
  if (kind === 4) return `(${condition(random, depth + 1)} && ${condition(random, depth + 1)})`;
  if (kind === 5) return `(${condition(random, depth + 1)} || ${condition(random, depth + 1)})`;
  if (kind === 6) return `!${condition(random, depth + 1)}`;
  if (kind === 7) return `dyn(${number(random, depth + 1)}) ${compared} dyn(${number(random, depth + 1)})`;
  if (kind === 8) return `${text(random, depth + 1)} ${compared} ${text(random, depth + 1)}`;
  if (kind === 9)
    return `${text(random, depth + 1)}.${pick(random, ['contains', 'startsWith', 'endsWith'])}(${text(random, depth + 1)})`;
  if (kind === 10)
    return `record.list.${pick(random, ['all', 'exists', 'exists_one'])}(x, ${condition(random, depth + 1)} && x != 1)`;
  return `${text(random, depth + 1)}.matches(r'${pick(random, ['a+', '^x', 'b$', '.', '[^a-z]', '\\d{2}', '(?i)ABC'])}')`;
}

/** An expression of any type. */
export function randomExpression(random: Random): string {
  const kind = random(8);
  if (kind < 4) return condition(random, 0);
  if (kind === 4) return number(random, 0);
  if (kind === 5) return text(random, 0);
  if (kind === 6) return `record.list.map(x, ${number(random, 1)})`;
  return `[${condition(random, 1)}, ${text(random, 1)}]`;
}

const SCALARS = [
  '0',
  '1',
  '-7',
  '1.5',
  '18446744073709551615',
  '"x"',
  '"a\\u00e9\\n"',
  '"日本"',
  '"10"',
  'true',
  'null',
  '[]',
  '{}',
];

/** A record as JSON text, with the members that expressions name, or not. */
export function randomRecord(random: Random): string {
  const value = (): string => pick(random, SCALARS);
  const members: string[] = [];
  for (const name of ['a', 'b', 'c', 'n']) if (random(4) > 0) members.push(`"${name}":${value()}`);
  if (random(4) > 0) members.push(`"d":${random(5) === 0 ? value() : `{"e":${value()},"f":${value()}}`}`);
  if (random(4) > 0)
    members.push(`"list":${random(6) === 0 ? value() : `[${Array.from({ length: random(4) }, value).join(',')}]`}`);
  return `{${members.join(random(2) === 0 ? ',' : ' , ')}}`;
}
