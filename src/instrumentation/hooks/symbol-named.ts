/** The symbol with that description under which `owner` keeps something of its own; `undefined` where there is none. */
export function symbolNamed(owner: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description);
}

/** What `owner` keeps under such a symbol. */
export function valueUnder(owner: object, description: string): unknown {
  const key = symbolNamed(owner, description);
  return key && (owner as Record<symbol, unknown>)[key];
}
