import { describe, expect, it } from 'vitest';
import type { OpDeclarations, SingleRingPlan } from '../../lib/plan/document.js';
import { compile } from '../../lib/version/version.js';
import { decodeSpec } from '../support/spec/decode.js';

const plan = (says: OpDeclarations = {}): SingleRingPlan => ({
  version: 2,
  name: 'x',
  target: 'SingleRing',
  stages: [{ id: 'own', op: 'js:own', ...says }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: { kind: 'struct', fields: [{ name: 'n', type: 'u32' }] } },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: { stages: [{ stage: 'own' }] },
});
const idOf = (says?: OpDeclarations): string => compile(plan(says)).id;

describe('what an entry declares of an op of the caller', () => {
  it('changes no id where it is the default', () => {
    expect(idOf({ access: 'write', filters: true, room: 0, keeps_layout: false })).toBe(idOf());
    expect(idOf({ access: 'read', keeps_layout: true })).toBe(idOf({ access: 'read' }));
  });

  it('changes the id where it is not', () => {
    const others: OpDeclarations[] = [
      { access: 'read' },
      { sink: true },
      { sink: false },
      { filters: false },
      { emits: false },
      { room: 1 },
      { keeps_layout: true },
    ];
    expect(new Set([idOf(), ...others.map(idOf)]).size).toBe(others.length + 1);
  });

  it('is lowered, and read back from the buffer', () => {
    const { lowered, spec } = compile(plan({ access: 'read', sink: false, filters: false }));
    expect(lowered).toMatchObject({
      layout: 'Fixed',
      markCount: 0,
      stages: [{ op: 'Js', writes: false, filters: false, sink: false, fails: true, tailroom: 0 }],
    });
    expect(decodeSpec(spec)).toEqual(lowered);
    expect(compile(plan({ room: 24 })).lowered).toMatchObject({ layout: 'Variable', tailroom: 24, headroom: 0 });
  });

  it('comes with no warning, whether it is a function or a library', () => {
    const native = { ...plan(), stages: [{ id: 'own', op: 'native:own' }] };
    expect(compile(native).report.warnings).toEqual([]);
    expect(compile(plan()).report.warnings).toEqual([]);
  });
});
