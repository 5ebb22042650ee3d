/** `byteor capabilities`: what this release and this build can do. Works, and says so, where the addon cannot be loaded. */
import { PROFILES, WAITS } from '../../abi/definition.js';
import type { Adapter, Side } from '../../adapter/adapter.js';
import { portSchema } from '../../adapter/config-schema.js';
import { ADAPTERS } from '../../adapter/registry.js';
import { SIZE_DEFAULTS, SIZE_LIMITS } from '../../layout/memory.js';
import { configJsonSchema } from '../../plan/json-schema.js';
import * as limits from '../../plan/limits.js';
import { OP_CATALOG } from '../../plan/op-catalog.js';
import { packageVersion } from '../../runtime/package-root.js';
import { rangesOf } from '../../runtime/ranges.js';
import { ExitCode } from '../exit-code.js';
import { libc } from '../machine.js';
import { type AskedAddon, askAddon } from '../native-facts.js';
import { RELEASE_FEATURES } from '../release.js';
import { sizeWords } from '../sizes.js';
import type { Colors } from '../terminal.js';
import { indent, table, wrap } from '../text.js';
import { type Define, examples, JSON_OPTION, type VerbContext } from '../verb.js';

interface Options {
  readonly json?: true;
}

export const define: Define = (command, context) => {
  command
    .description(
      'Print what this release can do: ops and adapters with their configuration, features, limits, profiles, and what ' +
        'the native core reports of this machine. `doctor` judges the machine; this only lists.',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples([
        ['byteor capabilities', 'a summary'],
        ['byteor capabilities --json | jq .ops', 'the op catalog with its JSON Schemas'],
        ['byteor capabilities --json | jq .adapters', 'the adapters with theirs'],
      ]),
    )
    .action(context.ends(async (options: Options) => print(options, context)));
};

function print(options: Options, { out }: VerbContext): ExitCode {
  const facts = capabilities();
  if (options.json === true) out.json(facts);
  else out.line(summary(facts, out.columns, out.colors));
  return ExitCode.Done;
}

type Facts = ReturnType<typeof capabilities>;

function capabilities() {
  const addon = askAddon();
  return {
    version: packageVersion(),
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    libc: libc() ?? null,
    addon: addonFacts(addon),
    targets: { validated: ['SingleRing', 'LaneGraph'], run: addon.loaded ? addon.facts.targets : [] },
    features: addon.loaded ? addon.facts.features : RELEASE_FEATURES,
    ops: [...OP_CATALOG.values()].map((entry) => ({
      op: entry.op,
      access: entry.access,
      sink: entry.sink,
      filters: entry.filters,
      fails: entry.fails,
      emits: entry.emits,
      help: entry.help,
      config_required: entry.configRequired,
      config: configJsonSchema(entry),
    })),
    caller_ops: ['js:<name>', 'native:<name>'],
    adapters: ADAPTERS.map(adapterFacts),
    profiles: PROFILES,
    waits: WAITS,
    limits: limitFacts(),
    cpus: addon.loaded ? addon.facts.cpus : null,
    memory: addon.loaded ? addon.facts.memory : null,
  };
}

/** An adapter with a JSON Schema for each side that it has: of its port in the long form. */
function adapterFacts(adapter: Adapter) {
  const { name, sides, target, flags, short } = adapter;
  const config = Object.keys(sides).map((side) => [side, portSchema(adapter, side as Side)]);
  return { adapter: name, help: sides, target, flags, short_form: short, config: Object.fromEntries(config) };
}

function addonFacts(addon: AskedAddon) {
  if (!addon.loaded) return addon;
  const { spec_layout_version, region_layout_version } = addon.facts;
  return { loaded: true as const, spec_layout_version, region_layout_version };
}

/** Every bound of lib/plan/limits.ts by its own name, and those of `open`. */
function limitFacts(): { readonly plan: Readonly<Record<string, number>>; readonly open: object } {
  const plan = Object.entries(limits).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return { plan: Object.fromEntries(plan), open: { defaults: SIZE_DEFAULTS, max: SIZE_LIMITS } };
}

function summary(facts: Facts, columns: number, colors: Colors): string {
  const { addon, ops, features, cpus, memory } = facts;
  const core = addon.loaded
    ? `loaded, spec layout ${addon.spec_layout_version}, region layout ${addon.region_layout_version}`
    : colors.red(`cannot be loaded: ${addon.reason}`);
  const on = Object.entries(features).map(([name, has]) => (has ? name : `no ${name}`));
  const opLines = listed(
    ops.map(({ op, access, sink, help }) => [op, `${access}${sink ? ', sink' : ''}: ${help}`]),
    columns,
  );
  const adapterLines = listed(
    facts.adapters.flatMap(({ adapter, help, config }) =>
      Object.entries(help).map(([side, words]) => [adapter, `${side}: ${words} (${keysOf(config[side])})`] as const),
    ),
    columns,
  );
  const machine = [
    ...(cpus === null ? [] : [['CPUs', `${rangesOf(cpus.allowed)}, a share of ${Number(cpus.share.toFixed(2))}`]]),
    ...(memory === null
      ? []
      : [['memory', `${sizeWords(memory.room_bytes)} free of ${sizeWords(memory.limit_bytes)}`]]),
  ];
  return [
    `${colors.bold(`byteor ${facts.version}`)}  Node ${facts.node}, ${facts.platform}-${facts.arch}, ${facts.libc ?? ''}`.trimEnd(),
    ...table([
      ['core', core],
      [
        'plans',
        `${facts.targets.validated.join(' and ')} are validated; ${facts.targets.run.join(' and ') || 'none'} run`,
      ],
      ['features', on.join(', ')],
      ['profiles', facts.profiles.join(', ')],
      ...machine,
    ]),
    '',
    colors.bold('ops'),
    ...indent(opLines),
    '',
    colors.bold('adapters'),
    ...indent(adapterLines),
  ].join('\n');
}

/** Names with words behind them, folded to the width of the terminal. */
function listed(rows: readonly (readonly [name: string, words: string])[], columns: number): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, words]) =>
    wrap(words, Math.max(40, columns - width - 4)).map(
      (line, at) => `${(at === 0 ? name : '').padEnd(width)}  ${line}`,
    ),
  );
}

const keysOf = ({ properties }: { readonly properties: object }): string =>
  Object.keys(properties)
    .filter((key) => key !== 'adapter')
    .join(', ');
