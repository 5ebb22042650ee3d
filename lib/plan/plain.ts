/**
 * Reads a plan given as JavaScript values. What comes in may be anything at all: cyclic, deep, a class instance, a
 * getter that throws. What goes out is a private deep-frozen copy that holds JSON data only, so that a checked plan
 * cannot change after the check and no later pass meets a surprise. The input is only read. Pure; any thread.
 */
import { BROKEN, type Finding } from './finding.js';
import { PLAN_DEPTH_MAX, PLAN_VALUES_MAX } from './limits.js';
import { under } from './pointer.js';
import { quote } from './words.js';

export interface Snapshot {
  /** The copy; `BROKEN` stands wherever a finding says that the value cannot be read. Undefined if it is too large. */
  readonly document: unknown;
  readonly findings: readonly Finding[];
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** True if the text has a UTF-8 form that reads back as the same text. */
export function isUnicode(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Copies the value; never throws. */
export function snapshot(value: unknown): Snapshot {
  const reader = new PlainReader();
  const document = reader.read(value, '', 0);
  // What lies behind the bound was not read, so nothing can be said about the rest either.
  return reader.tooLarge
    ? { document: undefined, findings: [tooManyValues()] }
    : { document, findings: reader.findings };
}

class PlainReader {
  readonly findings: Finding[] = [];
  private readonly open = new Map<object, string>();
  private values = 0;

  get tooLarge(): boolean {
    return this.values > PLAN_VALUES_MAX;
  }

  /** Recursion is bounded by `PLAN_DEPTH_MAX`. */
  read(value: unknown, path: string, depth: number): unknown {
    switch (typeof value) {
      case 'boolean':
        return value;
      case 'string':
        return isUnicode(value)
          ? value
          : this.broken(
              'PLAN_UNICODE',
              path,
              'The text holds half of a surrogate pair, which no UTF-8 text can hold.',
              value,
            );
      case 'number':
        return Number.isFinite(value)
          ? value
          : this.broken('PLAN_NUMBER', path, `${value} is not a number that JSON can hold.`, value);
      case 'object':
        return value === null ? null : this.readObject(value, path, depth);
      default:
        return this.broken(
          'PLAN_NOT_JSON',
          path,
          `${value === undefined ? 'An undefined value' : `A ${typeof value}`} is not JSON data.`,
          value,
        );
    }
  }

  private readObject(value: object, path: string, depth: number): unknown {
    const above = this.open.get(value);
    if (above !== undefined) {
      return this.broken(
        'PLAN_CYCLE',
        path,
        `This is the same object as ${above === '' ? 'the plan itself' : quote(above)}, which holds it.`,
        undefined,
      );
    }
    if (depth >= PLAN_DEPTH_MAX) {
      const message = `Lists and maps stand more than ${PLAN_DEPTH_MAX} deep in each other.`;
      return this.broken('PLAN_TOO_DEEP', path, message, undefined);
    }
    this.open.set(value, path);
    try {
      if (Array.isArray(value)) return this.readList(value, path, depth);
      const name = classOf(value);
      if (name !== undefined)
        return this.broken('PLAN_NOT_JSON', path, `An instance of ${name} is not JSON data.`, `a ${name}`);
      return this.readMap(value, path, depth);
    } catch (error) {
      // Only a proxy whose traps throw, or a revoked one, comes here.
      return this.broken('PLAN_NOT_JSON', path, `The object refuses to be read: ${reason(error)}.`, undefined);
    } finally {
      this.open.delete(value);
    }
  }

  private readList(list: readonly unknown[], path: string, depth: number): unknown {
    const copy: unknown[] = [];
    const length = list.length;
    for (let index = 0; index < length && !this.tooLarge; index++) {
      copy.push(this.readProperty(list, String(index), under(path, index), depth));
    }
    return Object.freeze(copy);
  }

  private readMap(map: object, path: string, depth: number): unknown {
    const copy: Record<string, unknown> = {};
    for (const key of Reflect.ownKeys(map)) {
      if (this.tooLarge) break;
      if (typeof key === 'symbol') {
        this.broken('PLAN_NOT_JSON', path, `A key that is a symbol (${String(key)}) is not JSON data.`, undefined);
        continue;
      }
      const descriptor = Reflect.getOwnPropertyDescriptor(map, key);
      if (descriptor === undefined || !descriptor.enumerable) continue;
      const place = under(path, key);
      if (key === '__proto__' || !isUnicode(key)) {
        this.findings.push(forbiddenKey(key, place));
        continue;
      }
      // A property that is undefined is a property left out, as JSON.stringify and TypeScript's `?` have it.
      if ('value' in descriptor && descriptor.value === undefined) continue;
      copy[key] = this.readProperty(map, key, place, depth);
    }
    return Object.freeze(copy);
  }

  private readProperty(holder: object, key: string, path: string, depth: number): unknown {
    this.values += 1;
    if (this.tooLarge) return BROKEN;
    const descriptor = Reflect.getOwnPropertyDescriptor(holder, key);
    if (descriptor === undefined) return this.broken('PLAN_NOT_JSON', path, 'The list has a hole here.', undefined);
    if (!('value' in descriptor)) {
      return this.broken('PLAN_NOT_JSON', path, 'A property that is computed by a getter is not JSON data.', undefined);
    }
    return this.read(descriptor.value, path, depth + 1);
  }

  private broken(code: string, path: string, message: string, received: unknown): typeof BROKEN {
    this.findings.push({ code, path, message, received });
    return BROKEN;
  }
}

/** The finding for a key that is legal JSON but not legal here; the key is left out of the document. */
export function forbiddenKey(key: string, path: string): Finding {
  return key === '__proto__'
    ? { code: 'PLAN_KEY_FORBIDDEN', path, atKey: true, message: 'A key must not be named "__proto__".' }
    : {
        code: 'PLAN_UNICODE',
        path,
        atKey: true,
        message: 'The key holds half of a surrogate pair, which no UTF-8 text can hold.',
      };
}

export function tooManyValues(): Finding {
  return {
    code: 'PLAN_TOO_LARGE',
    path: '',
    message: `The plan has more than ${PLAN_VALUES_MAX} values (aliases counted at each use).`,
  };
}

/** The name of the class that a value is an instance of; undefined for plain maps, of this realm or another. */
function classOf(value: object): string | undefined {
  const prototype = Reflect.getPrototypeOf(value);
  if (prototype === null || Reflect.getPrototypeOf(prototype) === null) return undefined;
  const maker: unknown = Reflect.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof maker === 'function' && maker.name !== '' ? maker.name : 'a class';
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(typeof error);
}
