import { type IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import { setImmediate } from 'node:timers';
import { type Alarm, clearAlarm, setAlarm, UNSET } from '../../time/alarms.js';
import { now } from '../../time/clock.js';
import type { InboundRequest, InboundResponse } from '../options.js';

/** For how long, in ms, the rest of an upload is read after its answer, as nginx's `lingering_timeout`. */
const PATIENCE = 5_000;

/**
 * Lets the body of a request end soon, whose answer is about to be sent. To close the connection at once would reset it,
 * and a client that is still sending might lose the answer.
 */
export function stopUpload(request: InboundRequest, response: InboundResponse): void {
  if (response instanceof ServerResponse) stopUploadOfHttp1(request as IncomingMessage, response);
  else if (!request.complete) {
    // "without error", RFC 9113, section 8.1: the client is to stop sending.
    const { stream } = response;
    stream.once('finish', () => setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR)));
  }
}

function stopUploadOfHttp1(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  if (request.headers.expect !== undefined) {
    // It may not have been asked for its body: nobody knows whether the body or the next request comes next.
    ServerResponse.prototype.setHeader.call(response, 'connection', 'close');
    return;
  }
  const alarm = new UploadAlarm(request);
  setAlarm(alarm);
  const clear = () => clearAlarm(alarm);
  request.once('close', clear);
  response.once('close', () => request.complete && clear());
}

/** Closes a connection on which the body of an answered request still arrives. */
class UploadAlarm implements Alarm {
  slot = UNSET;
  readonly due = now() + PATIENCE;

  constructor(private readonly request: IncomingMessage) {}

  ring(): void {
    if (!this.request.complete) this.request.destroy();
  }

  clearIfUnreachable(): void {
    // The request is reachable from here.
  }
}
