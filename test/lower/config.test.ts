import { describe, expect, it } from 'vitest';
import { MatchConfig, SpecKey, TextConfig } from '../../lib/abi/ops.js';
import { struct } from '../../lib/abi/struct.js';
import { encodeConfig, textsOf } from '../../lib/lower/config.js';

const Pair = struct('Pair', 'Two texts and a number of each size.', [
  ['one_offset', 'u32', ''],
  ['one_length', 'u32', 'bytes'],
  ['small', 'u32', ''],
  ['two_offset', 'u32', ''],
  ['two_length', 'u32', 'bytes'],
  ['large', 'u64', ''],
]);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the config of an op as it crosses', () => {
  it('is a struct, and behind it its texts in UTF-8', () => {
    const bytes = encodeConfig(MatchConfig, { match: 2, invert: 1, text: 'é!' });
    expect(hex(bytes)).toBe('02000000' + '01000000' + '10000000' + '03000000' + 'c3a921');
  });

  it('has its texts in the order of their fields, and a text that is left out is empty', () => {
    const bytes = encodeConfig(Pair, { two: 'bc', small: 7, large: 2n ** 63n });
    const numbers = ['20000000', '00000000', '07000000', '20000000', '02000000', '00000000'];
    expect(hex(bytes)).toBe(`${numbers.join('')}00000000000000806263`);
  });

  it('takes a pair of offset and length as a text only where both have its name', () => {
    expect(textsOf(Pair)).toEqual(['one', 'two']);
    expect(textsOf(SpecKey)).toEqual(['text']);
    expect(textsOf(struct('Place', '', [['offset', 'u32', '']]))).toEqual([]);
  });

  it.each([
    [{ txet: 'a' }, 'TextConfig has no text "txet"'],
    [{ text: 1 }, 'TextConfig has no number "text"'],
  ])('refuses a value that its struct does not have: %o', (values, message) => {
    expect(() => encodeConfig(TextConfig, values as never)).toThrow(message);
  });
});
