/**
 * Rules about each connection of a graph: ends that exist and may stand there, no loop, no ingress straight to an
 * egress, no pair twice. What comes out is the graph that the other rules walk. Pure; any thread.
 */
import { under } from '../plan/pointer.js';
import { didYouMean, nearest, quote } from '../plan/words.js';
import type { BoundaryNode, ConnectionNode, Model, Note, StageNode } from './model.js';
import { type Named, type Names, nameTable } from './names.js';

/** A connection whose two ends are sound and that may stand. */
export interface Edge {
  readonly connection: ConnectionNode;
  readonly from: StageNode | BoundaryNode;
  readonly to: StageNode | BoundaryNode;
}

export interface Graph {
  readonly edges: readonly Edge[];
  /** Connections that something was wrong with; their sound ends still count as connected. */
  readonly broken: readonly ConnectionNode[];
  /** What stood at ends that name nothing: each may be what a node without a connection waits for. */
  readonly brokenFrom: readonly (string | undefined)[];
  readonly brokenTo: readonly (string | undefined)[];
  /** Nodes that stand at a sound end of any connection, also of a broken one. */
  readonly leaving: ReadonlySet<StageNode | BoundaryNode>;
  readonly entered: ReadonlySet<StageNode | BoundaryNode>;
  /** Boundaries that stand at an end where their kind cannot stand; perhaps it is the kind that is wrong. */
  readonly misplaced: ReadonlySet<BoundaryNode>;
  readonly names: Names;
  /** Unknown names that declarations which were reported may have had. */
  readonly meant: ReadonlySet<string>;
}

export function checkConnections(model: Model, note: Note): Graph {
  const names = nameTable(model);
  const reader = new ConnectionReader(model, names, note);
  for (const connection of model.graph?.connections ?? []) reader.read(connection);
  reader.noteUnknown();
  return reader.graph();
}

interface UnknownEnd {
  readonly id: string;
  readonly path: string;
  readonly side: 'from' | 'to';
}

class ConnectionReader {
  private readonly edges: Edge[] = [];
  private readonly broken: ConnectionNode[] = [];
  private readonly brokenFrom: (string | undefined)[] = [];
  private readonly brokenTo: (string | undefined)[] = [];
  private readonly leaving = new Set<StageNode | BoundaryNode>();
  private readonly entered = new Set<StageNode | BoundaryNode>();
  private readonly misplaced = new Set<BoundaryNode>();
  private readonly pairs = new Map<string, ConnectionNode>();
  private readonly unknown: UnknownEnd[] = [];
  private readonly meant = new Set<string>();

  constructor(
    private readonly model: Model,
    private readonly names: Names,
    private readonly note: Note,
  ) {}

  read(connection: ConnectionNode): void {
    const from = this.end(connection, 'from');
    const to = this.end(connection, 'to');
    if (from === undefined) this.brokenFrom.push(connection.from);
    else this.leaving.add(from.node);
    if (to === undefined) this.brokenTo.push(connection.to);
    else this.entered.add(to.node);
    if (from === undefined || to === undefined) {
      this.broken.push(connection);
    } else if (this.refused(connection, from, to)) {
      // Either end may be the wrong one, and another node then waits for this connection.
      this.brokenFrom.push(undefined);
      this.brokenTo.push(undefined);
      this.broken.push(connection);
    } else {
      this.edges.push({ connection, from: from.node, to: to.node });
    }
  }

  /** The node at an end, if it is known and may stand there. */
  private end(connection: ConnectionNode, side: 'from' | 'to'): Named | undefined {
    const id = connection[side];
    if (id === undefined || this.names.ambiguous.has(id)) return undefined;
    const named = this.names.byId.get(id);
    const path = under(connection.path, side);
    if (named === undefined) {
      this.unknown.push({ id, path, side });
      return undefined;
    }
    const wrongKind = side === 'from' ? 'egress' : 'ingress';
    if (named.is !== 'boundary' || named.node.kind !== wrongKind) return named;
    this.misplaced.add(named.node);
    this.note({
      code: 'GRAPH_END_KIND',
      path,
      message:
        side === 'from'
          ? `The connection comes from ${quote(id)}, which is an egress: records leave the graph there.`
          : `The connection leads to ${quote(id)}, which is an ingress: records enter the graph there.`,
      received: id,
      hint:
        side === 'from'
          ? 'A connection comes from an ingress or a stage.'
          : 'A connection leads to a stage or an egress.',
      related: [{ path: named.node.path, message: `${quote(id)} is declared here.` }],
    });
    return undefined;
  }

  private refused(connection: ConnectionNode, from: Named, to: Named): boolean {
    if (from.node === to.node) return this.noteLoop(connection);
    if (from.is === 'boundary' && to.is === 'boundary') {
      // A boundary of unknown kind was reported; it is not known yet whether the shape is forbidden.
      return from.node.kind === undefined || to.node.kind === undefined || this.noteForbidden(connection);
    }
    const pair = `${connection.from} ${connection.to}`;
    const before = this.pairs.get(pair);
    if (before !== undefined) return this.noteTwice(connection, before);
    this.pairs.set(pair, connection);
    return false;
  }

  private noteLoop(connection: ConnectionNode): true {
    const message = `The connection leads from ${quote(connection.from)} back to itself.`;
    this.note({ code: 'GRAPH_LOOP', path: connection.path, message, hint: 'Records flow one way; name another end.' });
    return true;
  }

  private noteForbidden(connection: ConnectionNode): true {
    this.note({
      code: 'GRAPH_FORBIDDEN_SHAPE',
      path: connection.path,
      message: `The connection leads from the ingress ${quote(connection.from)} straight to the egress ${quote(connection.to)}.`,
      hint: 'Put a stage between them; the op `identity` passes records on unchanged.',
    });
    return true;
  }

  private noteTwice(connection: ConnectionNode, before: ConnectionNode): true {
    this.note({
      code: 'GRAPH_CONNECTION_DUPLICATE',
      path: connection.path,
      message: `${quote(connection.from)} and ${quote(connection.to)} are already connected.`,
      hint: 'Remove one of the two connections.',
      related: [{ path: before.path, message: 'They are connected here.' }],
    });
    return true;
  }

  /** Names that nothing has; as many as there are broken declarations may be meant by those, which were reported. */
  noteUnknown(): void {
    if (!this.model.hasStages || !this.model.hasBoundaries) return;
    // One that comes near a name which waits for this very end is a slip of the pen, whatever else is broken.
    const misspelt = new Set(this.unknown.filter((end) => this.isMisspelt(end)).map(({ id }) => id));
    const others = [...new Set(this.unknown.map(({ id }) => id))].filter((id) => !misspelt.has(id));
    const lost = this.names.lostStages + this.names.lostBoundaries;
    const reported = new Set([...misspelt, ...others.slice(lost)]);
    for (const id of others.slice(0, lost)) this.meant.add(id);
    const all = [...this.names.byId.keys()];
    const connected = new Set([...this.leaving, ...this.entered].map((node) => node.id));
    const waiting = all.filter((id) => !connected.has(id));
    for (const { id, path } of this.unknown) {
      if (!reported.has(id)) continue;
      this.note({
        code: 'GRAPH_END_UNKNOWN',
        path,
        message: `The plan has no stage and no boundary ${quote(id)}.`,
        received: id,
        hint: () => didYouMean(id, waiting)() ?? didYouMean(id, all)(),
      });
    }
  }

  private isMisspelt({ id, side }: UnknownEnd): boolean {
    const served = side === 'from' ? this.leaving : this.entered;
    const wrongKind = side === 'from' ? 'egress' : 'ingress';
    const waiting = [...this.names.byId]
      .filter(([, { is, node }]) => !served.has(node) && !(is === 'boundary' && node.kind === wrongKind))
      .map(([name]) => name);
    return nearest(id, waiting) !== undefined;
  }

  graph(): Graph {
    const { edges, broken, brokenFrom, brokenTo, leaving, entered, misplaced, names, meant } = this;
    return { edges, broken, brokenFrom, brokenTo, leaving, entered, misplaced, names, meant };
  }
}
