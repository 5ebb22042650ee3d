/** What crosses the border of hosted stages: part of the one definition (definition.ts), which hands it on. */

import { struct } from './struct.js';

export const HostRow = struct(
  'HostRow',
  'One record in the table of a host: what the core shows, and behind it what the host says. Every field is judged.',
  [
    ['at', 'u32', 'where it stands in the host’s memory of records'],
    ['length', 'u32', 'bytes; Changed: as many as it has now'],
    ['flags', 'u32', 'TerminatorCode in the low bits'],
    ['room', 'u32', 'bytes that it may have at most'],
    ['action', 'u32', 'HostAction'],
    ['first', 'u32', 'Elements, Fail: where the first HostElement stands in the host’s memory of elements'],
    ['count', 'u32', 'Elements: how many stand there, one behind the other at multiples of 8; Fail: FailureCause'],
    ['reserved', 'u32', 'zero'],
  ],
);

export const HostElement = struct('HostElement', 'What stands before an element, or before the text of a failure.', [
  ['length', 'u32', 'bytes'],
  ['flags', 'u32', 'TerminatorCode in the low bits'],
]);
