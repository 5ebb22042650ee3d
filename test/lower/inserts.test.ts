import { describe, expect, it } from 'vitest';
import { explainRule, INSERT_RULES, insertsPage } from '../../lib/lower/graph-rules.js';

describe('the rules of insertion', () => {
  it('are the page docs/inserts.md, word for word', async () => {
    await expect(insertsPage()).toMatchFileSnapshot('../../docs/inserts.md');
  });

  it('are explained one by one, each with a drawing in which what it inserts stands in brackets', () => {
    for (const [rule, { kind, drawing }] of Object.entries(INSERT_RULES)) {
      expect(explainRule(rule.toLowerCase())).toContain(`${rule} (inserts a ${kind}): `);
      expect(drawing).toContain(`[${kind}:`);
    }
    expect(explainRule('NO_RULE')).toBeUndefined();
  });

  it('have drawings that fit a page', () => {
    for (const { drawing } of Object.values(INSERT_RULES))
      for (const line of drawing.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
