import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { constants, enums, stageFlags, structs, words } from './definition.js';
import { CORE_ERROR_CODES } from './error-codes.js';
import * as expression from './expression.js';
import * as limits from './limits.js';
import { callerOps, type OpRow, ops } from './ops.js';
import { arrayOf, CACHE_BLOCK, type Field, type StructLayout } from './struct.js';

/**
 * Writes the C++ face of the shared definition. The texts of HEADERS are pure, so that a test can compare them with the
 * headers that are checked in; run as a program (`npm run abi`) it writes those headers, or with `--check` only compares.
 */

const CPP_TYPES: Readonly<Record<string, string>> = {
  char: 'char',
  u8: 'std::uint8_t',
  u16: 'std::uint16_t',
  u32: 'std::uint32_t',
  i32: 'std::int32_t',
  u64: 'std::uint64_t',
  f64: 'double',
  a32: 'std::atomic<std::uint32_t>',
  a64: 'std::atomic<std::uint64_t>',
  af64: 'std::atomic<double>',
};

const kName = (name: string): string =>
  `k${name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`;

const renderConstant = ([name, value]: [string, number]): string =>
  `inline constexpr std::uint${value < 2 ** 32 ? 32 : 64}_t ${kName(name)} = 0x${value.toString(16)};`;

function renderField(field: Field, previousEnd: number): string {
  const startsBlock = field.offset % CACHE_BLOCK === 0 && field.offset - previousEnd >= 8;
  const align = startsBlock ? `alignas(${CACHE_BLOCK}) ` : '';
  const comment = field.doc === '' ? '' : `  // ${field.doc}`;
  const array = arrayOf(field.type);
  if (array !== undefined) return `  ${align}${CPP_TYPES[array.element]} ${field.name}[${array.count}];${comment}`;
  return `  ${align}${CPP_TYPES[field.type]} ${field.name};${comment}`;
}

function renderStruct(layout: StructLayout): string {
  const lines = [`// ${layout.doc}`];
  lines.push(
    layout.align === CACHE_BLOCK ? `struct alignas(${CACHE_BLOCK}) ${layout.name} {` : `struct ${layout.name} {`,
  );
  let end = 0;
  for (const field of layout.fields) {
    lines.push(renderField(field, end));
    end = field.offset + field.bytes;
  }
  lines.push('};');
  for (const field of layout.fields)
    lines.push(`static_assert(offsetof(${layout.name}, ${field.name}) == ${field.offset});`);
  lines.push(`static_assert(sizeof(${layout.name}) == ${layout.size});`);
  return lines.join('\n');
}

function renderEnum(name: string, values: Readonly<Record<string, number>>): string {
  const rows = Object.entries(values).map(([key, value]) => `  k${key} = ${value},`);
  return [`enum class ${name} : std::uint32_t {`, ...rows, '};'].join('\n');
}

const WORDS_DECLARED = `// A value and its text, as it stands in options, in JSON and in errors.
template <class Enum>
struct Word {
  Enum value;
  const char* text;
};

// The texts of an enum; abi/words.hpp looks them up. Most enums cross the border as numbers and have none.
template <class Enum>
inline constexpr std::array<Word<Enum>, 0> kWords{};`;

/** @param texts by the names of the enum's values */
function renderWords(name: string, texts: Readonly<Record<string, string>>): string {
  const rows = Object.entries(texts).map(([key, text]) => `    {${name}::k${key}, "${text}"},`);
  return [
    'template <>',
    `inline constexpr std::array<Word<${name}>, ${rows.length}> kWords<${name}>{{`,
    ...rows,
    '}};',
  ].join('\n');
}

/** `CPU_NOT_ALLOWED` → 'CpuNotAllowed' */
const pascal = (name: string): string => kName(name).slice(1);

/** The codes of the core's errors, and their texts. They cross the border as texts, so their numbers mean nothing elsewhere. */
function renderErrorCodes(): string[] {
  const numbers = Object.fromEntries(CORE_ERROR_CODES.map((code, number) => [pascal(code), number]));
  const texts = Object.fromEntries(CORE_ERROR_CODES.map((code) => [pascal(code), code]));
  return [
    `// What each means: lib/abi/error-codes.ts.\n${renderEnum('ErrorCode', numbers)}`,
    renderWords('ErrorCode', texts),
  ];
}

/** An op that passes records on as they came keeps a struct anyway, and does not say so. */
function flagsOf({ access, keepsLayout, ...row }: OpRow): number {
  const writes = access === 'write';
  return stageFlags({ ...row, writes, keepsLayout: (writes || row.emits) && keepsLayout });
}

const OP_ROW = `// An op: lib/abi/ops.ts. native/op/traits.hpp finds its row.
struct OpRow {
  OpCode code;
  const char* name;  // key in plans; of an op that the caller brings, its prefix
  bool declared;  // the caller brings it: what it does is what the plan declares; there is no class for it
  std::uint32_t flags;  // StageFlag bits of a stage with it
  std::uint32_t emits_max;  // records that it emits at most for one; 0: not known, or none of its own
  bool keeps_layout;  // a struct is still that struct behind it; true of every op that passes records on as they came
  std::uint32_t config_bytes;  // of the struct at the start of its config; 0: it has none
  bool config_optional;  // it also works without one
};`;

function renderOps(): string {
  const builtIn = Object.entries(ops).map(
    ([name, row]) =>
      `  {OpCode::k${name}, "${row.name}", false, ${flagsOf(row)}, ${row.emitsMax}, ${row.keepsLayout}, ${row.config?.size ?? 0}, ${row.configOptional}},`,
  );
  const callers = Object.entries(callerOps).map(
    ([name, row]) => `  {OpCode::k${name}, "${row.name}", true, 0, 0, false, ${row.config.size}, false},`,
  );
  return [OP_ROW, '', 'inline constexpr OpRow kOps[] = {', ...builtIn, ...callers, '};'].join('\n');
}

const GENERATED = '// Generated by lib/abi/generate.ts';

/** Those of the definition as they stand there, then the limits by name: loaders do not agree on the order of a module's exports. */
function constantsInOrder(): [string, number][] {
  const isLimit = ([name]: [string, number]): boolean => Object.hasOwn(limits, name);
  const all: [string, number][] = Object.entries(constants);
  const byName = all.filter(isLimit).sort(([one], [other]) => (one < other ? -1 : 1));
  return [...all.filter((entry) => !isLimit(entry)), ...byName];
}

function renderAbi(): string {
  const parts = [
    `${GENERATED} from lib/abi/definition.ts (npm run abi). Do not edit.`,
    '// clang-format off',
    '#pragma once\n\n#include <array>\n#include <atomic>\n#include <cstddef>\n#include <cstdint>',
    'namespace byteor::abi {',
    constantsInOrder().map(renderConstant).join('\n'),
    ...Object.entries(enums).map(([name, values]) => renderEnum(name, values)),
    WORDS_DECLARED,
    ...Object.entries(words).map(([name, texts]) => renderWords(name, texts)),
    ...renderErrorCodes(),
    renderOps(),
    'static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<double>::is_always_lock_free);',
    ...structs.map((layout) => renderStruct(layout)),
    '}  // namespace byteor::abi',
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Which class is which op: the one place where an op code becomes C++. */
function renderCatalog(): string {
  const headers = [...new Set(Object.values(ops).map(({ header }) => header))].sort();
  const rows = Object.keys(ops).flatMap((name) => [
    `    case abi::OpCode::k${name}:`,
    `      return visitor.template operator()<${name}Op>();`,
  ]);
  const callers = Object.keys(callerOps).map((name) => `    case abi::OpCode::k${name}:`);
  return `${GENERATED} from lib/abi/ops.ts (npm run abi). Do not edit.
// clang-format off
#pragma once

${headers.map((header) => `#include "op/${header}"`).join('\n')}

namespace byteor::op {

// Throws CodedError (OP_UNAVAILABLE) that names the code: a caller's op (js, native) or an unknown one has no class here.
[[noreturn]] void refuse_op(abi::OpCode code);

// Answers visitor.template operator()<Op>() with the class of the built-in op of this code.
template <class Visitor>
decltype(auto) visit_built_in(abi::OpCode code, Visitor&& visitor) {
  switch (code) {
${[...rows, ...callers].join('\n')}
      break;
  }
  refuse_op(code);
}

}  // namespace byteor::op
`;
}

const isLayout = (value: unknown): value is StructLayout =>
  typeof value === 'object' && value !== null && 'fields' in value;

/** What a compiled expression is. Structs by name and constants by name: loaders do not agree on the order of exports. */
function renderExpression(): string {
  const exported: [string, unknown][] = Object.entries(expression).sort(([one], [other]) => (one < other ? -1 : 1));
  const limitsOfIt = exported.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const codes = (rows: Readonly<Record<string, readonly [number, number | string]>>): Record<string, number> =>
    Object.fromEntries(Object.entries(rows).map(([name, [code]]) => [name, code]));
  const operands = Object.entries(expression.exprFunctions).map(
    ([name, [, count]]) => `    case ExprFunction::k${name}:\n      return ${count};`,
  );
  const parts = [
    `${GENERATED} from lib/abi/expression.ts (npm run abi), which says what each means. Do not edit.`,
    '// clang-format off',
    '#pragma once\n\n#include <cstddef>\n#include <cstdint>',
    'namespace byteor::expression {',
    limitsOfIt.map(renderConstant).join('\n'),
    renderEnum('ExprTag', expression.exprTags),
    renderEnum('ExprRecord', expression.exprRecords),
    renderEnum('ExprFault', expression.exprFaults),
    renderEnum('ExprOp', codes(expression.exprOps)),
    renderEnum('ExprFunction', codes(expression.exprFunctions)),
    `// How many registers a function reads; -1: there is no such function.
constexpr int operands_of(std::uint32_t function) noexcept {
  switch (static_cast<ExprFunction>(function)) {
${operands.join('\n')}
  }
  return -1;
}`,
    ...exported.flatMap(([, value]) => (isLayout(value) ? [renderStruct(value)] : [])),
    '}  // namespace byteor::expression',
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The headers that are checked in, by their paths in the repository. */
export const HEADERS: ReadonlyMap<string, () => string> = new Map([
  ['native/abi/abi_generated.hpp', renderAbi],
  ['native/op/catalog_generated.hpp', renderCatalog],
  ['native/expression/program_generated.hpp', renderExpression],
]);

function main(): void {
  for (const [path, render] of HEADERS) {
    // From dist/modules/abi, where it runs.
    const target = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
    const text = render();
    if (!process.argv.includes('--check')) {
      writeFileSync(target, text);
    } else if (readFileSync(target, 'utf8') !== text) {
      process.stderr.write(
        `${path} does not agree with lib/abi (definition.ts, ops.ts, expression.ts); run \`npm run abi\`.\n`,
      );
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
