/**
 * Views of struct records that can end: each has one accessor a field, which reads and writes in place at `_at`, and throws
 * once that is below zero. For stages of JavaScript, whose functions may keep what they are shown (lib/host). Generated
 * as codecs are (codec-struct.ts), or closures that do the same. Used by the thread that runs the stage.
 */

import type { RecordMemory } from '../channel/shard-memory.js';
import { UsageError } from '../error/errors.js';
import type { StructLayout } from '../plan/codec-layout.js';
import { accessorSources, arraySources, closuresOf, isFit, mayGenerateCode, scopeOf } from './codec-struct.js';
import { KEPT } from './place.js';
import type { FieldAccess } from './record-codec.js';

/** `_at` of a view that has ended. */
export const ENDED = -1;

function late(): never {
  throw new UsageError(
    'a record was used after the turn in which its stage was shown it: take what you keep out of it, field by field, ' +
      'before the function returns',
  );
}

const live = (view: FieldAccess): number => (view._at < 0 ? late() : view._at);

/** Makes a view of the record at an index of `memory.bytes`, a multiple of 8. `generated` can be set to false (tests). */
export function viewsOver(
  layout: StructLayout,
  memory: RecordMemory,
  generated: boolean = mayGenerateCode(),
): (at: number) => FieldAccess {
  const scope = { ...scopeOf(layout, memory, KEPT), late };
  if (!generated) return closed(layout, scope);
  const source = [
    '"use strict";',
    'const MASK8 = 255, MASK16 = 65535;',
    'function live(view) { const at = view._at; return at < 0 ? late() : at; }',
    ...arraySources(layout),
    ...accessorSources(layout, true, 'live(this)', 'View', 'constructor(at) { this._at = at; }'),
    'return (at) => new View(at);',
  ].join('\n');
  return new Function(...Object.keys(scope), source)(...Object.values(scope)) as (at: number) => FieldAccess;
}

function closed(layout: StructLayout, scope: ReturnType<typeof scopeOf>): (at: number) => FieldAccess {
  const prototype = {};
  for (const [index, { field, get, put }] of closuresOf(layout, scope).entries())
    Object.defineProperty(prototype, field.name, {
      enumerable: true,
      get(this: FieldAccess) {
        return get(live(this));
      },
      set(this: FieldAccess, value: unknown) {
        const at = live(this);
        if (!isFit(field, value)) scope.wrong(index, value);
        put(value, at);
      },
    });
  return (at) => Object.assign(Object.create(prototype), { _at: at });
}
