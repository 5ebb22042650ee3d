/** A JSON record that lies in memory and is parsed when its value is first asked for. Hot; for the thread that owns it. */

import type { RecordMemory } from '../channel/shard-memory.js';
import { UsageError } from '../error/errors.js';
import { parseRecord, stringifyRecord } from './codec-json.js';

/** A record of the codec `json` as a batch sees it. Valid until the batch returns. */
export interface JsonRecord {
  /**
   * What `JSON.parse` gives, parsed when it is first asked for; the same value each time. What is changed in it counts.
   * @throws RecordError when the record is not JSON
   */
  readonly value: unknown;
  /** The text as it came, a copy. */
  readonly bytes: Uint8Array;
}

export class JsonView implements JsonRecord {
  readonly #memory: RecordMemory;
  readonly #at: number;
  readonly #length: number;
  /** What was parsed, and the value of it; undefined where nothing was. */
  #text: string | undefined;
  #value: unknown;
  readonly #refusal: (error: unknown) => unknown;
  #open = true;

  /** @param refusal takes what is thrown for a text that is no JSON, and returns what is thrown */
  constructor(memory: RecordMemory, at: number, length: number, refusal: (error: unknown) => unknown) {
    this.#refusal = refusal;
    this.#memory = memory;
    this.#at = at;
    this.#length = length;
  }

  get value(): unknown {
    this.#check();
    if (this.#text === undefined) {
      const text = this.#memory.buffer.toString('utf8', this.#at, this.#at + this.#length);
      try {
        this.#value = parseRecord(text);
      } catch (error) {
        throw this.#refusal(error);
      }
      this.#text = text;
    }
    return this.#value;
  }

  get bytes(): Uint8Array {
    this.#check();
    return this.#memory.bytes.slice(this.#at, this.#at + this.#length);
  }

  /**
   * The text of the value as it is now; undefined where that is the text as it came, or nothing was parsed. Whether it was
   * changed is not known: a text that `JSON.stringify` would not have made is another one without a change.
   * @internal
   * @throws RecordError where it has become a value that JSON does not have
   */
  textIfOther(): string | undefined {
    if (typeof this.#value !== 'object' || this.#value === null) return undefined;
    const text = stringifyRecord(this.#value);
    return text === this.#text ? undefined : text;
  }

  /** @internal Its turn is over. */
  end(): void {
    this.#open = false;
  }

  #check(): void {
    if (this.#open) return;
    throw new UsageError('a record was used after its batch had returned: take what you keep out of it before');
  }
}
