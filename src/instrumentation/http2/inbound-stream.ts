import type { Http2ServerRequest, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { InboundRequest } from '../options.js';

/** A stream as the application's predicates see it: see `InboundRequest`. */
export type InboundStream = Pick<
  Http2ServerRequest,
  | 'stream'
  | 'headers'
  | 'rawHeaders'
  | 'method'
  | 'url'
  | 'authority'
  | 'scheme'
  | 'socket'
  | 'httpVersion'
  | 'httpVersionMajor'
  | 'httpVersionMinor'
>;

/** For the options that are functions of a request. */
export function asRequest(stream: InboundStream): InboundRequest {
  return stream as Http2ServerRequest;
}

export function inboundStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: string[],
): InboundStream {
  return {
    stream,
    headers,
    rawHeaders,
    method: headers[':method'] ?? '',
    url: headers[':path'] ?? '',
    authority: headers[':authority'] ?? headers.host ?? '',
    scheme: headers[':scheme'] ?? '',
    httpVersion: '2.0',
    httpVersionMajor: 2,
    httpVersionMinor: 0,
    socket: stream.session?.socket as Http2ServerRequest['socket'],
  };
}
