/** The stage that no-code-generation.mjs runs in a worker. */

export default (record) => {
  record.big *= 10n;
  record.ok = !record.ok;
};
