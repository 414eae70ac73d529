import { diag } from '@opentelemetry/api';
import { now } from '../../time/clock.js';

/** After so many cancels in a row that had no effect, no more are sent. */
const MAX_IN_VAIN = 3;

/** For how long, in ms. Then one cancel is tried. */
const PAUSE = 60_000;

/** How many servers are remembered. A process has few; a name that is generated anew each time must not fill the memory. */
const MAX_SERVERS = 1_000;

/**
 * Whether cancels reach a server. Behind a balancer, or with a stream of the application's own, they may reach another one.
 * Each costs a connection then, while the statement runs on: that is worse than to wait for the statement.
 */
export class CancelRecord {
  private inVain = 0;
  private pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly server: string) {}

  /** Whether a cancel may be sent. */
  get allows(): boolean {
    return this.inVain < MAX_IN_VAIN || now() >= this.pausedUntil;
  }

  hadEffect(): void {
    this.inVain = 0;
  }

  hadNone(): void {
    this.inVain++;
    if (this.inVain < MAX_IN_VAIN) return;
    this.pausedUntil = now() + PAUSE;
    if (this.inVain > MAX_IN_VAIN) return;
    diag.warn(
      `${this.server}: ${MAX_IN_VAIN} cancels in a row had no effect, and each has cost a connection. Statements are not ` +
        'cancelled any more, only refused before they begin; one cancel is tried each minute. Is there a balancer in between?',
    );
  }
}

const records = new Map<string, CancelRecord>();

/** The record of a server, by its address. */
export function cancelRecordOf(server: string): CancelRecord {
  const known = records.get(server);
  if (known !== undefined) return known;
  if (records.size >= MAX_SERVERS) records.clear();
  const record = new CancelRecord(server);
  records.set(server, record);
  return record;
}
