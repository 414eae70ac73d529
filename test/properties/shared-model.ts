import { type ModelNode, ScopeModel } from './scope-model.js';

/**
 * The rules of `shared` once more, in the plainest form: whenever something has happened, all calls and runs are looked
 * at until nothing changes any more.
 */
export class SharedModel {
  private readonly scopes = new ScopeModel();
  private now = 0;
  private readonly calls: ModelCall[] = [];
  private readonly runs: ModelRun[] = [];

  /** @param under the run or the call in whose context the call is made */
  ask(key: number, budget: number, ms: number | undefined, under: ModelRun | ModelCall | undefined): ModelCall {
    const node = this.scopes.add(under?.node, ms);
    const by = under instanceof ModelRun ? under : under?.by;
    const call = new ModelCall(node, by);
    this.calls.push(call);
    if (node.ending) {
      call.outcome = 'own reason';
      return call;
    }
    let run = this.runs.find((other) => other.key === key && other.state === 'not ended' && !other.node.completed);
    if (run && by && this.waitsFor(run, by)) {
      call.outcome = 'shared work would wait for itself';
      return call;
    }
    if (run === undefined) {
      run = new ModelRun(this.runs.length, key, this.scopes.add(undefined, budget));
      this.runs.push(run);
      call.begins = run;
    }
    call.run = run;
    return call;
  }

  cancel({ node }: ModelCall): void {
    this.scopes.cancel(node);
    this.follow();
  }

  complete({ node }: ModelCall): void {
    this.scopes.complete(node);
    this.follow();
  }

  settle(run: ModelRun, outcome: string): void {
    if (run.node.completed) return;
    for (const call of this.waiting(run)) call.outcome = outcome;
    this.scopes.complete(run.node);
    this.follow();
  }

  /** From one deadline to the next. */
  pass(ms: number): void {
    const until = this.now + ms;
    const due = this.scopes.nodes.flatMap((node) => (Number(node.due) <= until ? [Number(node.due)] : []));
    for (const instant of [...due.filter((each) => each > this.now).sort((a, b) => a - b), until]) {
      this.scopes.pass(instant - this.now);
      this.now = instant;
      this.follow();
    }
  }

  private follow(): void {
    let changed = true;
    while (changed) {
      changed = false;
      for (const call of this.calls.filter(({ outcome }) => outcome === 'pending')) {
        if (call.run?.node.ending) call.outcome = 'budget';
        else if (call.node.live()?.ending) call.outcome = 'own reason';
        changed ||= call.outcome !== 'pending';
      }
      for (const run of this.runs) {
        if (run.node.ending || run.node.completed || this.waiting(run).length > 0) continue;
        this.scopes.cancel(run.node);
        changed = true;
      }
    }
  }

  private waiting(run: ModelRun): ModelCall[] {
    return this.calls.filter((call) => call.run === run && call.outcome === 'pending');
  }

  private waitsFor(run: ModelRun, other: ModelRun): boolean {
    const next = this.calls.filter((call) => call.by === run && call.outcome === 'pending');
    return run === other || next.some((call) => call.run !== undefined && this.waitsFor(call.run, other));
  }
}

export class ModelCall {
  outcome = 'pending';
  run: ModelRun | undefined = undefined;
  /** The run that the call began. */
  begins: ModelRun | undefined = undefined;

  constructor(
    readonly node: ModelNode,
    readonly by: ModelRun | undefined,
  ) {}
}

export class ModelRun {
  constructor(
    readonly id: number,
    readonly key: number,
    readonly node: ModelNode,
  ) {}

  /** How the scope of the run is. One that has completed binds nothing, however it had ended. */
  get state(): string {
    return this.node.completed ? 'not ended' : (this.node.ending?.how ?? 'not ended');
  }
}
