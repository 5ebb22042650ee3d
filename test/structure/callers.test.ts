import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * Code that only tests and benchmarks call is code that no plan reaches: it looks measured and proven, and costs whoever
 * changes what lies around it. So every function and class of a header in native/ is named again in native/, and every
 * export of lib/ in lib/. By names, not by types: two functions of one name cover for each other.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Name → why nothing in the library names it but its declaration. */
const CALLED_FROM_OUTSIDE: Readonly<Record<string, string>> = {
  make_sink_agent: 'how adapters to come write: no adapter that ships has a batch sink, test/doors/adapter.patch does',
  report_bytes_max: 'the length of a report of `count`: a test proves that none is longer',
  diagnosticsPage: 'docs/diagnostics.md, which a test writes and compares',
  insertsPage: 'docs/inserts.md, likewise',
  parseCallgrind: 'bench/native.mjs counts plans with it; compiled with the library, and shipped in none of its files',
  countsOf: 'likewise',
  risesOf: 'likewise',
  grownFunctions: 'likewise',
  forestPlot: 'bench/native.mjs draws the verdicts of a run with it; likewise',
  judgeTogether: 'bench/native.mjs judges all plans of a run with it; likewise',
};
const notAllowed = (names: readonly string[]) => names.filter((name) => CALLED_FROM_OUTSIDE[name] === undefined);

interface Source {
  readonly path: string;
  readonly text: string;
}

function sourcesBelow(folder: string, ending: RegExp): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return /^(build|third-party|abi$)/.test(entry.name) ? [] : sourcesBelow(path, ending);
    return ending.test(entry.name) ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : [];
  });
}

/** Without comments, texts and attributes, line by line as before. */
const bare = (text: string): string =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/\/\/[^\n]*/g, '')
    .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replaceAll(/\[\[[^\]]*\]\] ?/g, '')
    .replaceAll(/alignas\([^)]*\) ?/g, '');

function counted(words: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] as string);

const STATEMENT =
  /^(?:return|if|while|for|switch|else|throw|case|delete|new|using|do|goto|static_assert|co_\w+|#\w+)\b/;

/** The function that a line declares or defines: at the margin or in a class, and in a nested class where its body begins. */
function declaredIn(line: string): string | undefined {
  const [, indent = '', rest = ''] = /^( *)(.*)$/.exec(line) ?? [];
  if (STATEMENT.test(rest) || indent.length > 4) return undefined;
  const found = /^[A-Za-z_][^=(;]*?[\w>\]][*&]* (?:[\w<>, ]+::)*([A-Za-z_]\w*)\(/.exec(rest);
  if (found === null || /^operator/.test(found[1] as string)) return undefined;
  return indent.length < 4 || /(?:\{|\bconst|noexcept)\s*\}?$/.test(rest) ? (found[1] as string) : undefined;
}

/** Where the body of a class ends that begins behind `from`. */
function bodyEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = text.indexOf('{', from); at >= 0 && at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return text.length;
}

/** Names of functions and classes of the headers that no source names besides. */
function unreached(sources: readonly Source[]): string[] {
  const all = sources.map(({ path, text }) => ({ path, text: bare(text) }));
  const words = counted(all.flatMap(({ text }) => matches(text, /\b([A-Za-z_]\w*)\b/g)));
  const declared = counted(all.flatMap(({ text }) => text.split('\n').flatMap((line) => declaredIn(line) ?? [])));
  const headers = all.filter(({ path }) => path.endsWith('.hpp'));
  const functions = headers
    .flatMap(({ text }) => text.split('\n').flatMap((line) => declaredIn(line) ?? []))
    .filter((name) => words.get(name) === declared.get(name));
  const classes = headers.flatMap(({ text }) =>
    [...text.matchAll(/\b(?:class|struct) ([A-Z]\w*)(?: final)?(?: :[^{;]*)? \{/g)]
      .filter(({ index, 1: name = '' }) => {
        const inside = text.slice(index, bodyEnd(text, index));
        return matches(inside, new RegExp(`\\b(${name})\\b`, 'g')).length === words.get(name);
      })
      .map(({ 1: name = '' }) => name),
  );
  return [...new Set([...functions, ...classes])].sort();
}

/** Exports that nothing in lib/ names besides. */
function unused(sources: readonly Source[]): string[] {
  const all = sources.map(({ text }) => bare(text));
  const words = counted(all.flatMap((text) => matches(text, /\b([A-Za-z_$][\w$]*)\b/g)));
  const exported = counted(
    all.flatMap((text) =>
      matches(
        text,
        /^export (?:declare |async |abstract )*(?:const|let|function\*?|class|interface|type|enum) ([\w$]+)/gm,
      ),
    ),
  );
  return [...exported].flatMap(([name, count]) => (words.get(name) === count ? [name] : [])).sort();
}

describe('every part of the library', () => {
  const core = unreached(sourcesBelow('native', /\.(?:cpp|hpp)$/));
  const library = unused(sourcesBelow('lib', /\.ts$/));

  it('in C++ is named in the core itself, and not only by tests and benchmarks', () => {
    expect(notAllowed(core)).toEqual([]);
  });

  it('in TypeScript is named in lib/ itself', () => {
    expect(notAllowed(library)).toEqual([]);
  });

  it('that is allowed to be named outside only is still such a part', () => {
    const found = new Set([...core, ...library]);
    expect(Object.keys(CALLED_FROM_OUTSIDE).filter((name) => !found.has(name))).toEqual([]);
  });
});

describe('the search for what nothing calls', () => {
  const header = `
namespace a {
// unused_free() and Lonely are named in a comment only.
inline int unused_free(int x) noexcept { return x; }
class Used final : public Base {
 public:
  explicit Used(int x) : x_(x) {}
  int called() const noexcept { return x_; }
  std::uint32_t never_called(std::uint32_t limit) noexcept {
    std::lock_guard lock(mutex_);
    return limit;
  }
  class Nested {
   public:
    explicit Nested(Used& used) : used_(used) {}
    void deep() noexcept {
      used_.called();
    }
  };
  std::byte* pure(std::uint32_t length) noexcept = 0;
};
}`;
  const source = 'int run() {\n  Used used(1);\n  return used.called() + std::string("pure").size();\n}\n';

  it('finds functions, methods and classes that only declare themselves', () => {
    const found = unreached([
      { path: 'a.hpp', text: header },
      { path: 'a.cpp', text: source },
    ]);
    expect(found).toEqual(['Nested', 'deep', 'never_called', 'pure', 'unused_free']);
  });

  it('takes a definition in a source for no use', () => {
    const found = unreached([
      { path: 'b.hpp', text: 'class B {\n  void told() noexcept;\n  void kept();\n};\nB make();\n' },
      {
        path: 'b.cpp',
        text: 'void B::told() noexcept { kept(); }\nvoid B::kept() {}\nB make() { return {}; }\nint i = f(make());\n',
      },
    ]);
    expect(found).toEqual(['told']);
  });

  it('finds exports that are named once, overloads included', () => {
    const found = unused([
      { path: 'a.ts', text: 'export function twice(a: string): void;\nexport function twice(a: unknown): void {}\n' },
      {
        path: 'b.ts',
        text: "import { used } from './c.js';\nexport const own = 1;\nexport const more = own + used;\n",
      },
      { path: 'c.ts', text: 'export const used = 1;\nexport interface Shape {}\n' },
    ]);
    expect(found).toEqual(['Shape', 'more', 'twice']);
  });
});
