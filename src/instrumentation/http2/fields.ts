import http2, { type OutgoingHttpHeaders } from 'node:http2';

/**
 * The fields of a call: an object, or, from Node 22 on, an array with names and values in turn. A copy, because
 * applications use one object for many calls.
 */
export class Fields {
  /** What the session is given. */
  readonly headers: OutgoingHttpHeaders | string[];

  constructor(headers: unknown) {
    if (Array.isArray(headers)) {
      this.headers = [...(headers as string[])];
      const sensitive = (headers as unknown as { [http2.sensitiveHeaders]?: unknown })[http2.sensitiveHeaders];
      if (sensitive !== undefined) Object.assign(this.headers, { [http2.sensitiveHeaders]: sensitive });
    } else {
      this.headers = { ...(headers as OutgoingHttpHeaders | null | undefined) };
    }
  }

  /** @param field in lower case */
  get(field: string): unknown {
    const { headers } = this;
    if (Array.isArray(headers)) {
      const slot = slotOf(headers, field);
      return slot === -1 ? undefined : headers[slot + 1];
    }
    const name = nameOf(headers, field);
    return name === undefined ? undefined : headers[name];
  }

  /** The field as text; empty where there is none. */
  text(field: string): string {
    return String(this.get(field) ?? '');
  }

  set(field: string, value: string): void {
    const { headers } = this;
    this.remove(field);
    if (Array.isArray(headers)) headers.push(field, value);
    else headers[field] = value;
  }

  remove(field: string): void {
    const { headers } = this;
    if (Array.isArray(headers)) {
      for (let slot = slotOf(headers, field); slot !== -1; slot = slotOf(headers, field)) headers.splice(slot, 2);
      return;
    }
    for (let name = nameOf(headers, field); name !== undefined; name = nameOf(headers, field)) delete headers[name];
  }
}

function slotOf(headers: readonly string[], field: string): number {
  for (let slot = 0; slot + 1 < headers.length; slot += 2) if (isName(headers[slot], field)) return slot;
  return -1;
}

/** Node lowers the case of the names that it sends. */
function nameOf(headers: OutgoingHttpHeaders, field: string): string | undefined {
  if (headers[field] !== undefined) return field;
  for (const name in headers) if (headers[name] !== undefined && isName(name, field)) return name;
  return undefined;
}

function isName(name: unknown, field: string): boolean {
  return typeof name === 'string' && name.length === field.length && name.toLowerCase() === field;
}
