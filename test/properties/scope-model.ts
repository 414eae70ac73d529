/**
 * The rules of the scope tree once more, in the plainest form: every node is looked at whenever something happens. No
 * signals, no laziness, no timers.
 */
export class ScopeModel {
  private now = 0;
  readonly nodes: ModelNode[] = [];

  /** Adds a scope under `parent`, or under what is live above it. */
  add(parent: ModelNode | undefined, ms: number | undefined): ModelNode {
    const node = new ModelNode(this.nodes.length, parent?.live(), ms === undefined ? undefined : this.now + ms);
    this.nodes.push(node);
    node.ending = node.parent?.ending;
    this.pass(0);
    return node;
  }

  /** Time passes: deadlines end what is live, the earliest first, of those at one instant the outermost. */
  pass(ms: number): void {
    this.now += ms;
    const due = this.nodes.filter((node) => node.due !== undefined && node.due <= this.now);
    due.sort((a, b) => Number(a.due) - Number(b.due) || a.id - b.id);
    for (const node of due) this.end(node, { by: node, how: 'exceeded' });
  }

  cancel(node: ModelNode): void {
    this.end(node, { by: node, how: 'cancelled' });
  }

  complete(node: ModelNode): void {
    node.completed = true;
  }

  remaining(node: ModelNode): number {
    if (node.ending !== undefined) return 0;
    return Math.min(...node.liveLine().map(({ due = Number.POSITIVE_INFINITY }) => due - this.now));
  }

  private end(node: ModelNode, ending: ModelEnding): void {
    if (node.completed) return;
    for (const other of this.nodes) {
      if (!other.completed && other.liveLine().includes(node)) other.ending ??= ending;
    }
  }
}

export interface ModelEnding {
  readonly by: ModelNode;
  readonly how: 'exceeded' | 'cancelled';
}

export class ModelNode {
  ending: ModelEnding | undefined = undefined;
  completed = false;

  constructor(
    readonly id: number,
    readonly parent: ModelNode | undefined,
    readonly due: number | undefined,
  ) {}

  /** It or the nearest above that has not completed. */
  live(): ModelNode | undefined {
    return this.completed ? this.parent?.live() : this;
  }

  /** It and those above, without those that have completed. */
  liveLine(): ModelNode[] {
    const above = this.parent?.liveLine() ?? [];
    return this.completed ? above : [this, ...above];
  }
}
