/** What of each op's config the core needs, resolved: an entry an op, which fills the struct of its row (lib/abi/ops.ts). */
import { enums } from '../abi/definition.js';
import type { Codec } from '../plan/document.js';
import { MATCHERS } from '../plan/limits.js';
import type { BuiltinOp, FilterConfig, OpConfigs, TextConfig } from '../plan/op-catalog.js';
import { lowerFieldWrite } from './field-write.js';
import { keyValues, resolveKey } from './key.js';
import type { ConfigValues } from './spec.js';
import { lowerWhere } from './where.js';

/** @param codec what an ingress upstream declares; with several, validation has seen to it that a field agrees */
type Lower<Config> = (config: Config, codec: Codec) => ConfigValues | null;

const MATCH_CODES: Readonly<Record<(typeof MATCHERS)[number], number>> = {
  contains: enums.MatchCode.Contains,
  starts_with: enums.MatchCode.StartsWith,
  ends_with: enums.MatchCode.EndsWith,
  equals: enums.MatchCode.Equals,
};

const nothing = (): null => null;
const affix = ({ text }: TextConfig): ConfigValues => ({ text });

function condition(config: FilterConfig, codec: Codec): ConfigValues {
  if (config.where !== undefined) return lowerWhere(config.where, config, codec);
  const matcher = MATCHERS.find((candidate) => config[candidate] !== undefined);
  if (matcher === undefined) throw new TypeError('a condition without a text; pass a plan that validate() accepted');
  return { match: MATCH_CODES[matcher], invert: config.invert === true ? 1 : 0, text: config[matcher] ?? '' };
}

const LOWER: { readonly [Op in BuiltinOp]: Lower<OpConfigs[Op]> } = {
  identity: nothing,
  filter: condition,
  prepend: affix,
  append: affix,
  count: ({ key }, codec) => (key === undefined ? null : keyValues(resolveKey(key, codec))),
  checksum: nothing,
  reject: condition,
  set_field: lowerFieldWrite,
};

/** The config of a built-in op, which validation has accepted; null where there is none. */
export function lowerConfig(op: string, config: unknown, codec: Codec): ConfigValues | null {
  return (LOWER[op as BuiltinOp] as Lower<unknown>)(config ?? {}, codec);
}
