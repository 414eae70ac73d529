import { type Attributes, type AttributeValue, SpanKind } from '@opentelemetry/api';

/** The properties that spans have in both lines of the SDK, in addition to `Span` of the API. */
export interface DescribedSpan {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly resource?: Resource;
}

interface Resource {
  readonly attributes: Attributes;
  /** Whether a detector of the resource has not answered yet. A look at `attributes` is logged as an error until then. */
  readonly asyncAttributesPending?: boolean;
  /** All that the detectors have given so far, the first ones first; some values are promises. */
  getRawAttributes?(): readonly (readonly [string, unknown])[];
}

/** The attributes with the address of the peer: OpenTelemetry's current semantic conventions, then older ones. */
const PEER_ADDRESS = ['server.address', 'net.peer.name', 'http.host'];
const PEER_PORT = ['server.port', 'net.peer.port'];

/** Where the time of a span is spent: the name of the service; for an outbound call `service → host:port`. */
export function hopOf({ kind, attributes = {}, resource }: DescribedSpan): string {
  const service = serviceOf(resource);
  if (kind !== SpanKind.CLIENT && kind !== SpanKind.PRODUCER) return service;
  const address = first(attributes, PEER_ADDRESS);
  const port = first(attributes, PEER_PORT);
  if (address === undefined) return service;
  return `${service} → ${address}${port === undefined ? '' : `:${port}`}`;
}

function serviceOf(resource: Resource | undefined): string {
  const name = 'service.name';
  const known = resource?.asyncAttributesPending
    ? resource.getRawAttributes?.().find(([key, value]) => key === name && typeof value === 'string')?.[1]
    : resource?.attributes[name];
  return String(known ?? 'unknown_service');
}

function first(attributes: Attributes, names: readonly string[]): AttributeValue | undefined {
  const name = names.find((each) => attributes[each] !== undefined);
  return name === undefined ? undefined : attributes[name];
}
