import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { inCallersContext } from '../callers-context.js';
import type { PgClient } from './internals.js';

// https://www.postgresql.org/docs/18/protocol-message-formats.html

const CANCEL_REQUEST_CODE = 80877102;
const SSL_REQUEST_CODE = 80877103;
const ENCRYPTED = 'S'.charCodeAt(0);

/** Whether a cancel can be sent: the server has given a key, and its address is known. */
export function canSendCancel(client: PgClient): boolean {
  return client.processID !== null && client.secretKey !== null && addressOf(client) !== undefined;
}

/**
 * Cancels what runs on the connection of `client`: by a connection of its own to the very same server, encrypted as that of
 * the client is. It is telemetry of nobody, and belongs to no request.
 *
 * @param done called when the server has closed that connection, or it could not be made. The server has signalled its
 *   backend before it closes it
 * @returns the connection, which the caller destroys if the server leaves it open
 */
export function sendCancel(client: PgClient, done: () => void): Socket {
  const over = inCallersContext(done);
  return context.with(suppressTracing(ROOT_CONTEXT), () => {
    const socket = connect(addressOf(client) as NetConnectOpts);
    socket.on('error', () => {}).on('close', over);
    // Never `end`: PgBouncer 1.18 ends with a fatal error when the client closes first.
    const send = (stream: Socket) => stream.write(cancelRequest(client.processID, client.secretKey));
    if (!client.ssl || isUnix(client)) send(socket.resume());
    else if (client.sslNegotiation === 'direct') socket.once('connect', () => encrypt(client, socket, send));
    else requestEncryption(client, socket, send);
    return socket;
  });
}

/** The address of the socket, not of the options: a name may stand for several servers. */
function addressOf(client: PgClient): NetConnectOpts | undefined {
  if (isUnix(client)) return { path: `${client.host}/.s.PGSQL.${client.port}` };
  const { remoteAddress: host, remotePort: port } = client.connection.stream;
  return host === undefined || port === undefined ? undefined : { host, port };
}

function isUnix({ host }: PgClient): boolean {
  return Boolean(host?.startsWith('/'));
}

function requestEncryption(client: PgClient, socket: Socket, send: (stream: Socket) => void): void {
  socket.write(message(SSL_REQUEST_CODE));
  socket.once('data', ([answer]) => {
    if (answer === ENCRYPTED) encrypt(client, socket, send);
    else socket.destroy();
  });
}

/** With the options that the connection of `client` was made with: pg/lib/connection.js, `upgradeToSSL`. */
function encrypt(client: PgClient, socket: Socket, send: (stream: Socket) => void): void {
  const { host, ssl, sslNegotiation } = client;
  const options = {
    host,
    ...(typeof ssl === 'object' ? ssl : {}),
    // Of `pg`'s own options the key is not enumerable.
    ...(typeof ssl === 'object' && 'key' in ssl ? { key: ssl.key as string } : {}),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(sslNegotiation === 'direct' ? { ALPNProtocols: ['postgresql'] } : {}),
    socket,
  };
  const stream = connectTls(options, () => send(stream));
  stream.on('error', () => socket.destroy()).resume();
}

/** @param key from PostgreSQL 18 on, the key may have up to 256 bytes */
function cancelRequest(processId: number | null, key: number | Buffer | null): Buffer {
  return message(CANCEL_REQUEST_CODE, int32(processId ?? 0), Buffer.isBuffer(key) ? key : int32(key ?? 0));
}

function message(code: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat([int32(code), ...parts]);
  return Buffer.concat([int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
