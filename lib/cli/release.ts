/**
 * What this release is, known without the addon: its version, and what its plans may ask for. The addon reports the
 * same features; a test compares them. Pure; any thread.
 */
import { readFileSync } from 'node:fs';

/** Features of plans that this release accepts (docs/plan.md, lanes). */
export const RELEASE_FEATURES = { lane_graph_journal: true, lane_graph_fanout: true } as const;

/** The package's version, from its package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
