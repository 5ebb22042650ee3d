/** Where the key of a record is, by docs/ops.md, and which shard it belongs to. Bytes in, bytes out. */
import { createXXHash3 } from 'hash-wasm';
import type { Codec, Key } from '../../lib/plan/document.js';
import { structPlaces } from './bytes.js';

/** Another implementation than the core's. */
const XXH3 = await createXXHash3(0, 0);

/** The key's bytes, or undefined for a keyless record. */
export function keyOf(record: Uint8Array, key: Key, codec: Codec | undefined): Uint8Array | undefined {
  switch (key.kind) {
    case 'bytes':
      return key.offset + key.length <= record.length
        ? record.subarray(key.offset, key.offset + key.length)
        : undefined;
    case 'token':
      return splitBytes(record, Buffer.from(key.separator))[key.index];
    case 'json':
      return new JsonKey(record).find(key.pointer);
    case 'field': {
      const place = structPlaces(codec as Codec & object).places.find(([name]) => name === key.name);
      if (place === undefined) throw new Error(`the struct has no field ${key.name}`);
      const [, , offset, size] = place;
      // A writer before this stage may have moved the record's bytes, and it may be shorter than the struct never.
      return offset + size <= record.length ? record.subarray(offset, offset + size) : undefined;
    }
  }
}

export function shardOf(record: Uint8Array, shards: number, key: Key | undefined, codec: Codec | undefined): number {
  const bytes = shards === 1 || key === undefined ? undefined : keyOf(record, key, codec);
  if (bytes === undefined) return 0;
  return Number(BigInt(`0x${XXH3.init().update(bytes).digest('hex')}`) % BigInt(shards));
}

function splitBytes(record: Uint8Array, separator: Buffer): Uint8Array[] {
  const text = Buffer.from(record).toString('latin1');
  return text.split(separator.toString('latin1')).map((piece) => Buffer.from(piece, 'latin1'));
}

class NotJson extends Error {}

/** Strict JSON, read as far as the value that a pointer names. Latin-1 text stands for bytes. */
class JsonKey {
  private readonly text: string;
  private at = 0;

  constructor(record: Uint8Array) {
    this.text = Buffer.from(record).toString('latin1');
  }

  find(pointer: string): Uint8Array | undefined {
    const names = pointer === '' ? [] : pointer.slice(1).split('/');
    const segments = names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    try {
      this.space();
      for (const segment of segments) if (!this.descend(segment)) return undefined;
      if (this.text[this.at] === '"') return Buffer.from(this.string(), 'latin1');
      if (this.text[this.at] === '{' || this.text[this.at] === '[') return undefined;
      return Buffer.from(this.scalar(segments.length === 0), 'latin1');
    } catch (error) {
      if (error instanceof NotJson) return undefined;
      throw error;
    }
  }

  private fail(): never {
    throw new NotJson();
  }

  private take(character: string): void {
    if (this.text[this.at] !== character) this.fail();
    this.at++;
  }

  private space(): void {
    while (this.at < this.text.length && ' \n\r\t'.includes(this.text[this.at] as string)) this.at++;
  }

  /** Moves to the member or element of that name; false when the value here has none. */
  private descend(segment: string): boolean {
    const open = this.text[this.at];
    if (open !== '{' && open !== '[') return false;
    if (open === '[' && !/^(0|[1-9]\d*)$/.test(segment)) return false;
    this.at++;
    this.space();
    for (let index = 0; ; index++) {
      if (open === '[' && this.text[this.at] === ']' && index === 0) return false;
      const name = open === '{' ? this.memberName() : String(index);
      if (name === Buffer.from(segment).toString('latin1')) return true;
      this.value();
      this.space();
      if (this.text[this.at] !== ',') return false;
      this.at++;
      this.space();
    }
  }

  private memberName(): string {
    const name = this.string();
    this.space();
    this.take(':');
    this.space();
    return name;
  }

  /** A string's content as UTF-8 bytes (in latin1). */
  private string(): string {
    this.take('"');
    let content = '';
    for (;;) {
      const character = this.text[this.at] ?? this.fail();
      if (character === '"') {
        this.at++;
        return content;
      }
      if (character < ' ') this.fail();
      if (character !== '\\') {
        content += character;
        this.at++;
      } else {
        content += this.escapes();
      }
    }
  }

  /** A run of escapes: only as one piece do the halves of a surrogate pair meet. */
  private escapes(): string {
    const run = /^(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))+/.exec(this.text.slice(this.at))?.[0] ?? this.fail();
    this.at += run.length;
    return Buffer.from(JSON.parse(`"${run}"`) as string, 'utf8').toString('latin1');
  }

  private scalar(root: boolean): string {
    const rest = this.text.slice(this.at);
    const word =
      /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/.exec(rest)?.[0] ?? this.fail();
    const after = rest[word.length];
    const ends = after === undefined ? root : ' \n\r\t'.includes(after) || (!root && ',]}'.includes(after));
    if (!ends) this.fail();
    this.at += word.length;
    return word;
  }

  private value(): void {
    const open = this.text[this.at];
    if (open === '"') this.string();
    else if (open === '{' || open === '[') this.container(open);
    else this.scalar(false);
  }

  private container(open: '{' | '['): void {
    const close = open === '{' ? '}' : ']';
    this.at++;
    this.space();
    if (this.text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      if (open === '{') this.memberName();
      this.value();
      this.space();
      if (this.text[this.at] === close) {
        this.at++;
        return;
      }
      this.take(',');
      this.space();
    }
  }
}
