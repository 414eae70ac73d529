/** Why a request is refused that waits for its handler. */
export type Refusal =
  /** Its caller will not wait until the answer would be there. */
  | 'time'
  /** Too many requests wait. */
  | 'full';

/** A request that has been read, and whose handler has not begun. */
export interface Arrival {
  /** When the request was read, on the clock of `now()`. */
  readonly readAt: number;
  /** In ms, from when it was read; `undefined`: its caller waits for ever. */
  readonly budget: number | undefined;
  /** Requests of the same connection begin in the order in which they came; `undefined`: in any order. */
  readonly connection: object | undefined;
  /** Whether the deadline has passed, or the caller has gone away. */
  isOver(): boolean;
  /** Runs the handler. */
  begin(): void;
  /** Answers in place of the handler; answers nothing where the caller has gone away. */
  refuse(refusal: Refusal): void;
}
