/**
 * What plans may ask of this release, known without the addon, which reports the same features; a test
 * compares them. Pure; any thread.
 */

/** Features of plans that this release accepts (docs/plan.md, lanes). */
export const RELEASE_FEATURES = {
  lane_graph_journal: true,
  lane_graph_fanout: true,
  json_expressions: true,
} as const;
