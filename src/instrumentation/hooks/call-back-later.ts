/** Calls the callback that a method was given, if any, as Node does after a write that went well. */
export function callBackLater(args: readonly unknown[]): void {
  const callback = args.at(-1);
  if (typeof callback === 'function') process.nextTick(callback as () => void);
}
