/** How a page makes a call. */
export type Way = 'in fn itself' | 'after an await' | 'after an await, in the context that fn was given';

/** What became of a call. */
export interface CallResult {
  readonly text?: string;
  readonly error?: { readonly name: string; readonly exceeded: boolean };
  /** In ms. */
  readonly elapsed: number;
}
