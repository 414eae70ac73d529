/** The names of all properties and methods of an object, own and inherited. */
export function propertyNames(object: object): string[] {
  const names: string[] = [];
  for (let owner: object | null = object; owner !== null; owner = Object.getPrototypeOf(owner)) {
    names.push(...Object.getOwnPropertyNames(owner));
  }
  return names;
}
