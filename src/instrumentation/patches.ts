import http, { Agent, ClientRequest, ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';
import https from 'node:https';
import { wrapEnd, wrapPulse, wrapQuery } from './databases/pg/client.js';
import * as pg from './databases/pg/loaded-classes.js';
import { wrapConnect, wrapRelease } from './databases/pg/pool.js';
import { wrapPoolQuery } from './databases/pg/pool-query.js';
import { wrapCreateCall, wrapStreamEmit } from './grpc/client.js';
import * as grpc from './grpc/loaded-classes.js';
import { noticeInjections } from './grpc/others-injection.js';
import { isKnownServer, wrapRegister, wrapRunHandler } from './grpc/server.js';
import { onChannel } from './hooks/diagnostics-channel.js';
import { patchMethod, type Undo, undoAll } from './hooks/patch-method.js';
import { noteResponse, type ResponseHead, wrapAddRequest, wrapOnSocket } from './http/client.js';
import { wrapWriteContinue } from './http/expect-continue.js';
import { SWALLOWING } from './http/handlers/swallow-writes.js';
import { wrapWriteHead } from './http/judged-status.js';
import { rememberInjections } from './http/others-injection.js';
import { HttpServedRequest } from './http/served-request.js';
import { http2ServerPrototypes, type RequestStart, wrapEmit } from './http/server.js';
import { wrapRequest } from './http2/client.js';
import { wrapStreamEvent } from './http2/server.js';
import { clientSessionPrototype } from './http2/sessions.js';
import { wrapProcessEmit } from './inbound/handler-rejections.js';
import { watchOthersEnds } from './inbound/others-ends.js';
import { detectLostContexts } from './lost-context/lost-contexts.js';
import { releaseCallsInFlight } from './outbound/outbound-call.js';
import type { Settings } from './settings.js';
import { RequestHook, type RequestMessage, type ResponseMessage } from './undici/client.js';
import { DispatchHook, wrapDispatch } from './undici/dispatch.js';
import { patchGlobalFetch } from './undici/global-fetch.js';
import { dispatchers, meetGlobalDispatcher } from './undici/loaded-classes.js';

/** All that the instrumentation does to others: every method that it replaces, every channel that it listens to. */
export function installPatches(settings: Settings): Undo {
  const { server, client, databases, enforce } = settings;
  return undoAll([
    releaseCallsInFlight,
    detectLostContexts(settings.lostContexts),
    watchOthersEnds(),
    ...when(server.http, () => patchHttpServers(settings)),
    ...when(server.http2, () => patchHttp2Servers(settings)),
    ...when(enforce && !(server.keepStatus && server.answer === undefined), () => patchHead(!server.keepStatus)),
    ...when(enforce && server.answer !== undefined, patchWrites),
    patchMethod(process, 'emit', wrapProcessEmit),
    ...when(server.grpc, () => patchGrpcServers(settings)),
    ...when(client.http, () => patchHttpClient(settings)),
    ...when(client.http2, () => [patchMethod(clientSessionPrototype(), 'request', wrapRequest, settings)]),
    ...when(client.undici, () => patchUndici(settings)),
    ...when(client.grpc, () => patchGrpcClient(settings)),
    ...when(databases.pg !== false, () => patchPg(settings)),
  ]);
}

function when(condition: boolean, install: () => readonly Undo[]): readonly Undo[] {
  return condition ? install() : [];
}

function patchHttpServers(settings: Settings): readonly Undo[] {
  return [
    // Published before any listener of the server runs, and so before another instrumentation extracts.
    onChannel<RequestStart>('http.server.request.start', ({ request }) => HttpServedRequest.of(request, settings)),
    patchMethod(http.Server.prototype, 'emit', wrapEmit, settings),
    patchMethod(https.Server.prototype, 'emit', wrapEmit, settings),
    patchMethod(ServerResponse.prototype, 'writeContinue', wrapWriteContinue, settings),
  ];
}

/** One replacement for both APIs of node:http2, because two could not be taken off one by one. */
const wrapHttp2Emit: typeof wrapEmit = (original, patched) =>
  wrapStreamEvent(wrapEmit(original, patched), original, patched);

function patchHttp2Servers(settings: Settings): readonly Undo[] {
  return [
    ...http2ServerPrototypes().map((prototype) => patchMethod(prototype, 'emit', wrapHttp2Emit, settings)),
    patchMethod(Http2ServerResponse.prototype, 'writeContinue', wrapWriteContinue, settings),
  ];
}

/** HTTP/2 has no words after the status. */
function patchHead(replaces: boolean): readonly Undo[] {
  return [
    patchMethod(ServerResponse.prototype, 'writeHead', wrapWriteHead, { replaces, hasPhrase: true }),
    patchMethod(Http2ServerResponse.prototype, 'writeHead', wrapWriteHead, { replaces, hasPhrase: false }),
  ];
}

/** Of the methods that this version of Node has. */
function patchWrites(): readonly Undo[] {
  return [ServerResponse.prototype, Http2ServerResponse.prototype].flatMap((prototype) =>
    SWALLOWING.filter(([name]) => name in prototype).map(([name, wrap]) => patchMethod(prototype, name, wrap, true)),
  );
}

function patchGrpcServers(settings: Settings): readonly Undo[] {
  grpc.findLoadedCopies();
  const patch = (prototype: object) =>
    undoAll(
      when(isKnownServer(prototype), () => [
        patchMethod(prototype, 'register', wrapRegister),
        patchMethod(prototype, '_runHandlerForCall', wrapRunHandler, settings),
      ]),
    );
  return [grpc.servers.patch(patch)];
}

function patchHttpClient(settings: Settings): readonly Undo[] {
  return [
    rememberInjections(),
    patchMethod(Agent.prototype, 'addRequest', wrapAddRequest, settings),
    patchMethod(ClientRequest.prototype, 'onSocket', wrapOnSocket, settings),
    // Despite its name, this channel publishes when the head of a response has arrived.
    onChannel<ResponseHead>('http.client.response.finish', noteResponse),
  ];
}

function patchUndici(settings: Settings): readonly Undo[] {
  const dispatches = new DispatchHook(settings);
  const requests = new RequestHook(settings);
  const undo = [
    patchGlobalFetch(settings),
    dispatchers.patch((prototype) => patchMethod(prototype, 'dispatch', wrapDispatch, dispatches)),
    onChannel<RequestMessage>('undici:request:create', ({ request }) => {
      const dispatched = dispatches.created(request);
      if (!dispatched) meetGlobalDispatcher();
      requests.begin(request, dispatched);
    }),
    onChannel<ResponseMessage>('undici:request:headers', ({ request, response }) => requests.note(request, response)),
    onChannel<RequestMessage>('undici:request:trailers', ({ request }) => requests.end(request)),
    onChannel<RequestMessage>('undici:request:error', ({ request }) => requests.end(request)),
  ];
  meetGlobalDispatcher();
  return undo;
}

function patchGrpcClient(settings: Settings): readonly Undo[] {
  grpc.findLoadedCopies();
  return [
    noticeInjections(),
    grpc.channels.patch((prototype) => patchMethod(prototype, 'createCall', wrapCreateCall, settings)),
    ...when(settings.enforce, () => [
      grpc.clientStreams.patch((prototype) => patchMethod(prototype, 'emit', wrapStreamEmit)),
    ]),
  ];
}

function patchPg(settings: Settings): readonly Undo[] {
  pg.findLoadedCopies();
  return [
    pg.clients.patch((prototype) =>
      undoAll([
        patchMethod(prototype, 'query', wrapQuery, settings),
        patchMethod(prototype, '_pulseQueryQueue', wrapPulse),
      ]),
    ),
    pg.queries.patch((prototype) =>
      undoAll(['handleError', 'handleReadyForQuery'].map((name) => patchMethod(prototype, name, wrapEnd))),
    ),
    pg.pools.patch((prototype) =>
      undoAll([
        patchMethod(prototype, 'query', wrapPoolQuery, settings),
        patchMethod(prototype, 'connect', wrapConnect, settings),
        patchMethod(prototype, '_release', wrapRelease),
      ]),
    ),
  ];
}
