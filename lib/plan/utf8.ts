/** Bytes of text. Pure; any thread. */

const ENCODER = new TextEncoder();

/** Bytes that a text has as UTF-8; a lone surrogate counts as U+FFFD, which takes its place. */
export const utf8Length = (text: string): number => ENCODER.encode(text).length;
