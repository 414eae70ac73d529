/**
 * The path of a Node, which comes as an npm package and stays in the cache.
 *
 * @param version in full: 24.21.0
 */
export function nodeBinary(version: string): string;
