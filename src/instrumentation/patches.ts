import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { onChannel } from './hooks/diagnostics-channel.js';
import { patchMethod, type Undo, undoAll } from './hooks/patch-method.js';
import { wrapWriteHead } from './http/answer.js';
import { instrumentHttpClient } from './http/client.js';
import { wrapWriteContinue } from './http/expect-continue.js';
import { wrapProcessEmit } from './http/handler-rejections.js';
import { HttpServedRequest } from './http/served-request.js';
import { http2ServerPrototypes, type RequestStart, wrapEmit } from './http/server.js';
import { detectLostContexts } from './lost-context/lost-contexts.js';
import { releaseCallsInFlight } from './outbound/outbound-call.js';
import type { Settings } from './settings.js';
import { instrumentUndici } from './undici/client.js';

/** Every method of others that is replaced, and every channel that is listened to. */
export function installPatches(settings: Settings): Undo {
  const { server, client, enforce } = settings;
  const answersTimeouts = enforce && !server.keepStatus;
  return undoAll([
    releaseCallsInFlight,
    detectLostContexts(settings.lostContexts),

    // Requests that are served. The channel comes before any listener of the server, and so before others extract.
    ...when(server.http, () => [
      onChannel<RequestStart>('http.server.request.start', ({ request }) => HttpServedRequest.of(request, settings)),
      patchMethod(http.Server.prototype, 'emit', wrapEmit, settings),
      patchMethod(https.Server.prototype, 'emit', wrapEmit, settings),
    ]),
    ...when(server.http2, () =>
      http2ServerPrototypes().map((prototype) => patchMethod(prototype, 'emit', wrapEmit, settings)),
    ),
    patchMethod(http.ServerResponse.prototype, 'writeContinue', wrapWriteContinue, settings),
    patchMethod(http2.Http2ServerResponse.prototype, 'writeContinue', wrapWriteContinue, settings),
    ...when(answersTimeouts, () => [
      patchMethod(http.ServerResponse.prototype, 'writeHead', wrapWriteHead, [String(http.STATUS_CODES[504])]),
      patchMethod(http2.Http2ServerResponse.prototype, 'writeHead', wrapWriteHead, []),
    ]),
    patchMethod(process, 'emit', wrapProcessEmit),

    // Calls that are made
    ...when(client.http, () => [instrumentHttpClient(settings)]),
    ...when(client.undici, () => [instrumentUndici(settings)]),
  ]);
}

function when(condition: boolean, install: () => readonly Undo[]): readonly Undo[] {
  return condition ? install() : [];
}
