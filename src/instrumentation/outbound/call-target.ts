/**
 * The target of a call, as errors and the option `client.ignore` have it: method, origin and path. The query and the
 * userinfo are left out, because they may hold secrets.
 *
 * @param path may be a whole URL, as in a request to a proxy; that URL has the origin then
 */
export function callTarget(method: string, origin: string, path: string): string {
  const [plain = ''] = path.split(/[?#]/, 1);
  const url = /^[a-z]+:\/\//i.test(plain) ? plain : origin + plain;
  return `${method} ${url.replace(/^([a-z]+:\/\/)[^/]*@/i, '$1')}`;
}
