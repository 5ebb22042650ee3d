/**
 * An op's config as it crosses: one struct, and behind it the texts that it names, in the order of its fields (lib/abi/ops.ts). Knows
 * bytes, not what they mean. Pure; any thread.
 */
import type { StructLayout } from '../abi/struct.js';
import type { ConfigValues } from './spec.js';
import { concat, writeRow } from './spec-writer.js';

/** The texts that a config's struct names: `x` where it has the fields `x_offset` and `x_length`. */
export function textsOf({ offset }: StructLayout): string[] {
  return Object.keys(offset).flatMap((field) => {
    const text = /^(.+)_offset$/.exec(field)?.[1];
    return text !== undefined && Object.hasOwn(offset, `${text}_length`) ? text : [];
  });
}

/** The bytes of a config, which the caller owns. */
export function encodeConfig(layout: StructLayout, values: ConfigValues): Uint8Array {
  const texts = textsOf(layout);
  const numbers: Record<string, number | bigint> = {};
  for (const [name, value] of Object.entries(values)) {
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    if (!(isNumber ? Object.hasOwn(layout.offset, name) : texts.includes(name)))
      throw new TypeError(`${layout.name} has no ${isNumber ? 'number' : 'text'} "${name}"`);
    if (isNumber) numbers[name] = value;
  }
  const parts = [new Uint8Array(layout.size)];
  let end = layout.size;
  for (const text of texts) {
    const value = values[text] ?? '';
    const part = value instanceof Uint8Array ? new Uint8Array(value) : new TextEncoder().encode(String(value));
    numbers[`${text}_offset`] = end;
    numbers[`${text}_length`] = part.length;
    parts.push(part);
    end += part.length;
  }
  const bytes = concat(parts);
  writeRow(new DataView(bytes.buffer), 0, layout, numbers);
  return bytes;
}
