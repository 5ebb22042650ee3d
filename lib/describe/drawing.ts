/**
 * A small graph as characters, where it can be drawn without crossings: chains, and arms that part and meet again.
 *
 *               ┌─▶ left ──┐
 *   in ─▶ head ─┤          ├─▶ tail ─▶ out
 *               └─▶ right ─┘
 *
 * Several nodes with nothing before them stand one below the other without a bar on their left, and so do several with
 * nothing after them on their right. The drawing shows what is before what; a dependency that follows from two others is
 * not drawn twice. A node without a name is drawn as a line: so that a connection beside a longer way is seen too.
 * Pure; any thread.
 */

/** Nodes in topological order: each node's `before` holds smaller indices only. */
export interface DrawnGraph {
  readonly names: readonly string[];
  readonly before: readonly (readonly number[])[];
}

/** Rows of equal width, and the row on which the block joins its neighbours. */
interface Block {
  readonly rows: readonly string[];
  readonly mid: number;
  readonly startsWithFork: boolean;
  readonly endsWithFork: boolean;
}

/** Wider or taller drawings explain nothing in a terminal. */
const COLUMNS_MAX = 110;
const ROWS_MAX = 24;
/** More nodes than this cannot fit; the limit bounds the work on a large graph. */
export const NODES_MAX = 80;

/** Sides on which nothing is: no bar stands there. */
interface Open {
  readonly left: boolean;
  readonly right: boolean;
}

const widthOf = (block: Block): number => block.rows[0]?.length ?? 0;

const textBlock = (text: string): Block => ({ rows: [text], mid: 0, startsWithFork: false, endsWithFork: false });

/** A node that is only a line between the bars of a fork. */
const WIRE: Block = { rows: [''], mid: 0, startsWithFork: true, endsWithFork: true };

/** Puts blocks side by side with their middle rows in line. */
function beside(blocks: readonly Block[]): Block {
  const mid = Math.max(...blocks.map((block) => block.mid));
  const height = mid + Math.max(...blocks.map((block) => block.rows.length - block.mid));
  const rows = Array.from({ length: height }, (_, row) =>
    blocks.map((block) => block.rows[row - mid + block.mid] ?? ' '.repeat(widthOf(block))).join(''),
  );
  const startsWithFork = blocks[0]?.startsWithFork ?? false;
  return { rows, mid, startsWithFork, endsWithFork: blocks[blocks.length - 1]?.endsWithFork ?? false };
}

/** Joins blocks from left to right. A fork brings its own bars, so no arrow head stands before it. */
function inSeries(blocks: readonly Block[]): Block {
  const parts = blocks.flatMap((block, index) => {
    const previous = blocks[index - 1];
    if (previous === undefined) return [block];
    const line = previous.endsWithFork ? '─' : ' ─';
    return [textBlock(block.startsWithFork ? line : `${line}▶ `), block];
  });
  return beside(parts);
}

/** What leads into an arm and the least that leads out of it, both along its middle row. */
function leads(block: Block, open: Open): { readonly head: string; readonly gap: string; readonly line: string } {
  const head = open.left ? '' : block.startsWithFork ? '─' : '─▶ ';
  const gap = block.endsWithFork || open.right ? '' : ' ';
  return { head, gap, line: open.right ? '' : '─' };
}

/** One arm of a fork with its leads, filled up to `width`. */
function arm(block: Block, width: number, open: Open): Block {
  const { head, gap, line } = leads(block, open);
  const rest = width - head.length - widthOf(block) - gap.length;
  return beside([textBlock(head), block, textBlock(gap + (line === '' ? ' ' : line).repeat(rest))]);
}

/** Columns that an arm needs at least. */
function armWidth(block: Block, open: Open): number {
  const { head, gap, line } = leads(block, open);
  return head.length + widthOf(block) + gap.length + line.length;
}

/** The bar on one side of a fork. `joins` are the rows on which arms meet it, `mid` the row of the line outside. */
function bar(row: number, joins: readonly number[], mid: number, signs: string): string {
  const [top, bottom, join, outside] = signs;
  const first = joins[0] ?? 0;
  const last = joins[joins.length - 1] ?? 0;
  if (row < first || row > last) return ' ';
  if (row === first) return top ?? '';
  if (row === last) return bottom ?? '';
  if (joins.includes(row)) return row === mid ? '┼' : (join ?? '');
  return row === mid ? (outside ?? '') : '│';
}

/** Stacks arms between two bars, none on an open side. */
function fork(blocks: readonly Block[], open: Open): Block {
  const width = Math.max(...blocks.map((block) => armWidth(block, open)));
  const rows: string[] = [];
  const joins: number[] = [];
  for (const [index, block] of blocks.entries()) {
    // Two arms meet around a free row, on which the line outside goes on.
    if (blocks.length % 2 === 0 && index === blocks.length / 2) rows.push(' '.repeat(width));
    const drawn = arm(block, width, open);
    joins.push(rows.length + drawn.mid);
    rows.push(...drawn.rows);
  }
  const mid = Math.floor(((joins[0] ?? 0) + (joins[joins.length - 1] ?? 0)) / 2);
  const framed = rows.map((text, row) => {
    const left = open.left ? '' : bar(row, joins, mid, '┌└├┤');
    const right = open.right ? '' : bar(row, joins, mid, '┐┘┤├');
    return left + text + right;
  });
  return { rows: framed, mid, startsWithFork: true, endsWithFork: true };
}

/** For each node, all nodes after it on some path. */
function descendantsOf(before: readonly (readonly number[])[]): readonly ReadonlySet<number>[] {
  const after = before.map(() => new Set<number>());
  for (let node = before.length - 1; node >= 0; node--) {
    const own = after[node] ?? new Set();
    for (const previous of before[node] ?? []) for (const later of [node, ...own]) after[previous]?.add(later);
  }
  return after;
}

class Drawer {
  readonly #names: readonly string[];
  readonly #after: readonly ReadonlySet<number>[];

  constructor(graph: DrawnGraph) {
    this.#names = graph.names;
    this.#after = descendantsOf(graph.before);
  }

  #isBefore(a: number, b: number): boolean {
    return this.#after[a]?.has(b) === true;
  }

  /** Groups of nodes with no order between any two groups, each ascending. */
  #groups(nodes: readonly number[]): readonly (readonly number[])[] {
    let groups: number[][] = [];
    for (const node of nodes) {
      const linked = groups.filter((group) => group.some((other) => this.#isBefore(other, node)));
      const joined = [...linked.flat(), node].sort((a, b) => a - b);
      groups = [...groups.filter((group) => !linked.includes(group)), joined];
    }
    return groups.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  }

  /** Nodes, ascending, as a line of nodes and forks; null when their order is not a nest of lines and forks. */
  draw(nodes: readonly number[], open: Open): Block | null {
    const isCut = (node: number): boolean =>
      nodes.every((other) => other === node || this.#isBefore(node, other) || this.#isBefore(other, node));
    const cuts = nodes.filter(isCut);
    if (cuts.length === 0) return null;
    const gaps = [-1, ...cuts].map((cut, index) => ({ cut, next: cuts[index] ?? Number.POSITIVE_INFINITY }));
    const blocks: Block[] = [];
    for (const { cut, next } of gaps) {
      if (cut >= 0) blocks.push(this.#node(cut));
      // Ascending order and comparability with every cut put a node of the gap between the indices of its cuts.
      const gap = nodes.filter((node) => node > cut && node < next);
      if (gap.length === 0) continue;
      const sides = { left: open.left && cut < 0, right: open.right && next === Number.POSITIVE_INFINITY };
      const arms = this.#arms(gap, sides);
      if (arms === null) return null;
      blocks.push(fork(arms, sides));
    }
    return inSeries(blocks);
  }

  #node(node: number): Block {
    const name = this.#names[node] ?? '';
    return name === '' ? WIRE : textBlock(name);
  }

  #arms(gap: readonly number[], open: Open): readonly Block[] | null {
    const groups = this.#groups(gap);
    if (groups.length < 2) return null;
    const arms = groups.map((group) => this.draw(group, open));
    return arms.every((block) => block !== null) ? arms : null;
  }
}

/** The drawing's lines, or null when the graph cannot be drawn this way or would be too large to help. */
export function drawGraph(graph: DrawnGraph): readonly string[] | null {
  if (graph.names.length > NODES_MAX) return null;
  const everyNode = graph.names.map((_, node) => node);
  const block = new Drawer(graph).draw(everyNode, { left: true, right: true });
  if (block === null || widthOf(block) > COLUMNS_MAX || block.rows.length > ROWS_MAX) return null;
  return block.rows.map((row) => row.trimEnd());
}
