import { type Alarm, UNSET } from '../../src/time/alarms.js';

/** An alarm that remembers when it rang, and does what the test says when it rings. */
export class RecordingAlarm implements Alarm {
  slot = UNSET;
  readonly rangAt: number[] = [];
  searched = 0;

  constructor(
    readonly due: number,
    private readonly whenRung: () => void = () => {},
  ) {}

  static in(ms: number, whenRung?: () => void): RecordingAlarm {
    return new RecordingAlarm(performance.now() + ms, whenRung);
  }

  ring(): void {
    this.rangAt.push(performance.now());
    this.whenRung();
  }

  clearIfUnreachable(): void {
    this.searched++;
  }
}
