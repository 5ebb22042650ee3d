/** Rule: stages and boundaries share one namespace, and every id is declared once. Pure; any thread. */
import { under } from '../plan/pointer.js';
import { quote } from '../plan/words.js';
import type { Model, Note } from './model.js';

export function checkIds(model: Model, note: Note): void {
  const first = new Map<string, { readonly path: string; readonly noun: string }>();
  const declared = [
    ...model.stages.map((node) => ({ node, noun: 'stage' })),
    ...model.boundaries.map((node) => ({ node, noun: 'boundary' })),
  ];
  for (const { node, noun } of declared) {
    if (node.id === undefined) continue;
    const before = first.get(node.id);
    if (before === undefined) {
      first.set(node.id, { path: node.path, noun });
      continue;
    }
    const path = under(node.path, 'id');
    note({
      code: 'ID_DUPLICATE',
      path,
      message: `The id ${quote(node.id)} of this ${noun} is already that of a ${before.noun}; stages and boundaries share one namespace.`,
      received: node.id,
      hint: `Give the ${noun} another id.`,
      related: [{ path: under(before.path, 'id'), message: `The ${before.noun} ${quote(node.id)} is declared here.` }],
    });
  }
}
