import { type Attributes, type AttributeValue, SpanKind } from '@opentelemetry/api';

/** The properties that spans have in both lines of the SDK, in addition to `Span` of the API. */
export interface DescribedSpan {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly resource?: { readonly attributes: Attributes };
}

/** The attributes with the address of the peer: OpenTelemetry's current semantic conventions, then older ones. */
const PEER_ADDRESS = ['server.address', 'net.peer.name', 'http.host'];
const PEER_PORT = ['server.port', 'net.peer.port'];

/** Where the time of a span is spent: the name of the service; for an outbound call `service → host:port`. */
export function hopOf({ kind, attributes = {}, resource }: DescribedSpan): string {
  const service = String(resource?.attributes['service.name'] ?? 'unknown_service');
  if (kind !== SpanKind.CLIENT && kind !== SpanKind.PRODUCER) return service;
  const address = first(attributes, PEER_ADDRESS);
  const port = first(attributes, PEER_PORT);
  if (address === undefined) return service;
  return `${service} → ${address}${port === undefined ? '' : `:${port}`}`;
}

function first(attributes: Attributes, names: readonly string[]): AttributeValue | undefined {
  const name = names.find((each) => attributes[each] !== undefined);
  return name === undefined ? undefined : attributes[name];
}
