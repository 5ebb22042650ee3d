/**
 * Whether a port is one: what `open` makes of each entry of `ports`, and the command line of its ends before anything is
 * opened. Says what is wrong and does not throw, so that each names the place in its own words. Pure; any thread.
 */
import { nearest, oneOf } from '../plan/words.js';
import {
  type Adapter,
  type Config,
  type ConfigProblem,
  type ConfigValue,
  type Key,
  keysAt,
  type Side,
} from './adapter.js';
import { adaptersAt, findAdapter, findShort } from './registry.js';

/** A sound port. The configuration is complete: defaults stand in it. */
export type CheckedPort =
  | { readonly port: 'js' | 'discard' }
  | { readonly port: 'native'; readonly adapter: Adapter; readonly config: Config };

export const isProblem = (checked: CheckedPort | ConfigProblem): checked is ConfigProblem => 'remedy' in checked;

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** ` (did you mean "append"?)`, or nothing. */
function meant(word: unknown, choices: readonly string[]): string {
  const near = nearest(word, choices);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}

const placeholderOf = (name: string, key: Key): string => (key.type === 'text' ? key.placeholder : name.toUpperCase());

/** `{ lines: PATH }`, or `{ adapter: "tcp", listen: ADDRESS }` where there is no short form. */
function formOf(adapter: Adapter, side: Side): string {
  const { name, target, short } = adapter;
  const required = keysAt(adapter, side).filter(([, key]) => key.required === true);
  const keys = required.map(([own, key]) => `${short && own === target ? name : own}: ${placeholderOf(own, key)}`);
  return `{ ${[...(short ? [] : [`adapter: "${name}"`]), ...keys].join(', ')} }`;
}

/** What a port of a side may be, for messages. */
export function portForms(side: Side): string {
  const words = side === 'egress' ? ['"js"', '"discard"'] : ['"js"'];
  return oneOf([...words, ...adaptersAt(side).map((adapter) => formOf(adapter, side))]);
}

export function checkPort(side: Side, value: unknown): CheckedPort | ConfigProblem {
  if (value === undefined || value === 'js') return { port: 'js' };
  if (value === 'discard') return side === 'egress' ? { port: 'discard' } : discardedIngress(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return noPort(side, value);
  const { adapter: name, ...rest } = value as Readonly<Record<string, unknown>>;
  const short = name === undefined ? findShort(rest) : undefined;
  const adapter = short ?? findAdapter(name);
  if (adapter === undefined) return name === undefined ? noPort(side, value) : unknownAdapter(side, name);
  if (adapter.sides[side] === undefined) {
    const key = short === undefined ? 'adapter' : adapter.name;
    return { key, received: short === undefined ? name : rest[key], remedy: otherSide(side, adapter) };
  }
  return checkKeys(adapter, side, rest, short !== undefined);
}

const noPort = (side: Side, received: unknown): ConfigProblem => ({
  key: undefined,
  received,
  remedy: `give ${portForms(side)}`,
});

const discardedIngress = (received: unknown): ConfigProblem => ({
  key: undefined,
  received,
  remedy: `only an egress can be discarded; an ingress is ${portForms('ingress')}`,
});

function unknownAdapter(side: Side, received: unknown): ConfigProblem {
  if (received === 'js' || received === 'discard')
    return {
      key: 'adapter',
      received,
      remedy: `that is no adapter: give "${received}" itself, in place of the object`,
    };
  const names = adaptersAt(side).map(({ name }) => name);
  return {
    key: 'adapter',
    received,
    remedy: `there is no such adapter; an ${side} may have ${quoted(names)}${meant(received, names)}`,
  };
}

const otherSide = (side: Side, { name }: Adapter): string =>
  `the adapter ${name} is only for an ${side === 'egress' ? 'ingress' : 'egress'}; an ${side} is ${portForms(side)}`;

function checkKeys(
  adapter: Adapter,
  side: Side,
  given: Readonly<Record<string, unknown>>,
  short: boolean,
): CheckedPort | ConfigProblem {
  /** What the form calls a key. */
  const called = (name: string): string => (short && name === adapter.target ? adapter.name : name);
  const keys = keysAt(adapter, side);
  const names = keys.map(([name]) => called(name));
  for (const [name, received] of Object.entries(given)) {
    if (received === undefined || names.includes(name)) continue;
    return { key: name, received, remedy: strangeKey(adapter, side, name, names) };
  }
  const config: Record<string, ConfigValue> = {};
  for (const [name, key] of keys) {
    const received = given[called(name)];
    const absent = received === undefined && key.required !== true;
    const remedy = absent ? undefined : valueRemedy(key, received);
    if (remedy !== undefined) return { key: called(name), received, remedy };
    const value = absent ? defaultOf(key) : (received as ConfigValue);
    if (value !== undefined) config[name] = value;
  }
  const problem = adapter.check?.(config);
  if (problem === undefined) return { port: 'native', adapter, config };
  return { ...problem, key: problem.key === undefined ? undefined : called(problem.key) };
}

function strangeKey(adapter: Adapter, side: Side, name: string, names: readonly string[]): string {
  const sides = Object.hasOwn(adapter.keys, name) ? adapter.keys[name]?.sides : undefined;
  if (sides !== undefined) return `only an ${sides[0]} has it; leave it out`;
  return `the adapter ${adapter.name} takes ${quoted(names)} at an ${side}${meant(name, names)}`;
}

const defaultOf = (key: Key): ConfigValue | undefined => ('default' in key ? key.default : undefined);

/** What to give in place of a value; undefined where it is sound. */
function valueRemedy(key: Key, value: unknown): string | undefined {
  switch (key.type) {
    case 'text':
      return typeof value === 'string' && value !== '' && !value.includes('\0') ? undefined : `give ${key.give}`;
    case 'integer':
      return Number.isInteger(value) && (value as number) >= key.min && (value as number) <= key.max
        ? undefined
        : `give an integer from ${key.min} to ${key.max}${key.required === true ? '' : ', or leave it out'}`;
    case 'flag':
      return typeof value === 'boolean' ? undefined : 'give true or false';
    case 'word':
      return key.words.includes(value as string)
        ? undefined
        : `give one of ${quoted(key.words)}${meant(value, key.words)}`;
  }
}
