import http from 'node:http';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import v8 from 'node:v8';
import { Scope } from '../../dist/esm/context/scope/scope.js';
import { OutboundCall } from '../../dist/esm/instrumentation/outbound/outbound-call.js';
// Not public: what must be gone once nothing is in flight.
import { pendingAlarms } from '../../dist/esm/time/alarms.js';

/** Of which hardly more may be alive than before. */
const KINDS = {
  Scope,
  OutboundCall,
  AbortSignal,
  IncomingMessage: http.IncomingMessage,
  ServerResponse: http.ServerResponse,
  ClientRequest: http.ClientRequest,
  Socket: net.Socket,
};

/**
 * What is alive in this process, which must be at rest.
 *
 * @param {Record<string, import('node:events').EventEmitter>} emitters those that outlive requests
 */
export async function census(emitters) {
  // In turns of their own: what was looked up weakly in a turn lives until its end, and finalizers run between turns.
  for (let i = 0; i < 5; i++) {
    await delay(20);
    globalThis.gc();
  }
  const heapBytes = process.memoryUsage().heapUsed;
  const objects = {};
  for (const [name, kind] of Object.entries(KINDS)) objects[name] = v8.queryObjects(kind, { format: 'count' });
  const handles = { alarms: pendingAlarms() };
  for (const [name, emitter] of Object.entries(emitters)) handles[`listeners of ${name}`] = listeners(emitter);
  for (const resource of process.getActiveResourcesInfo()) handles[resource] = (handles[resource] ?? 0) + 1;
  return { heapBytes, objects, handles };
}

function listeners(emitter) {
  return emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0);
}
