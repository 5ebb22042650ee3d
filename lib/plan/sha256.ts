/** The one hash that names things: synchronous, and the same bytes in Node and in a browser. Pure; any thread. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** SHA-256 of a text as UTF-8: 64 lower-case hex digits. */
export const sha256Hex = (text: string): string => bytesToHex(sha256(new TextEncoder().encode(text)));
