import { type ClientHttp2Stream, constants } from 'node:http2';

/** Ends a stream with `error`; the session and its other streams go on. */
export function destroyStream(stream: ClientHttp2Stream, error: Error): void {
  if (stream.destroyed) return;
  // An abort of ours must not crash a process whose code has no listener for 'error'.
  if (stream.listenerCount('error') === 0) stream.on('error', () => {});
  const wasAborted = !stream.closed && closeQuietly(stream);
  stream.destroy(error);
  if (wasAborted) stream.emit('aborted');
}

/**
 * Resets a stream with CANCEL. Returns whether that would have emitted 'aborted'.
 *
 * WORKAROUND node all: `destroy(error)` resets with INTERNAL_ERROR, and `close(code)` before it emits 'aborted', which
 * `pipeline` takes for the end of the stream, before the stream has its error (no issue known); remove when `destroy` resets
 * with CANCEL for an error of ours, as it does for an AbortError.
 */
function closeQuietly(stream: ClientHttp2Stream): boolean {
  let wasAborted = false;
  const { emit } = stream;
  const own = Object.hasOwn(stream, 'emit');
  stream.emit = function quietly(this: ClientHttp2Stream, name: string | symbol, ...args: unknown[]): boolean {
    if (name !== 'aborted') return emit.call(this, name, ...args);
    wasAborted = true;
    return true;
  };
  try {
    stream.close(constants.NGHTTP2_CANCEL);
  } finally {
    if (own) stream.emit = emit;
    else delete (stream as Partial<ClientHttp2Stream>).emit;
  }
  return wasAborted;
}
