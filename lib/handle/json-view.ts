/** A JSON record that lies in memory and is parsed when its value is first asked for. Hot; for the thread that owns it. */

import type { RecordMemory } from '../channel/shard-memory.js';
import { parseRecord, stringifyRecord } from './codec-json.js';

export class JsonView {
  readonly #memory: RecordMemory;
  #at = 0;
  #length = 0;
  /** What was parsed, and the value of it; undefined where nothing was. */
  #text: string | undefined;
  #value: unknown;

  constructor(memory: RecordMemory) {
    this.#memory = memory;
  }

  /** Shows another record. */
  show(at: number, length: number): void {
    this.#at = at;
    this.#length = length;
    this.#text = undefined;
    this.#value = undefined;
  }

  /** What `JSON.parse` gives; the same value each time. @throws RecordError when the record is not JSON */
  get value(): unknown {
    if (this.#text === undefined) {
      const text = this.#memory.buffer.toString('utf8', this.#at, this.#at + this.#length);
      this.#value = parseRecord(text);
      this.#text = text;
    }
    return this.#value;
  }

  /**
   * The text of the value as it is now; undefined where that is the text as it came, or nothing was parsed. Whether it was
   * changed is not known: a text that `JSON.stringify` would not have made is another one without a change.
   * @throws RecordError where it has become a value that JSON does not have
   */
  textIfOther(): string | undefined {
    if (typeof this.#value !== 'object' || this.#value === null) return undefined;
    const text = stringifyRecord(this.#value);
    return text === this.#text ? undefined : text;
  }
}
