import { getEventListeners } from 'node:events';
import { type AbortListeners, trackAbortListeners } from '../../../src/context/scope/signal.js';

/** A tracked signal, and what its tracker was told. */
function tracked() {
  const controller = new AbortController();
  const told: [string, unknown][] = [];
  trackAbortListeners(controller.signal, {
    abortListenerAdded: (listener) => told.push(['added', listener]),
    abortListenerRemoved: (listener) => told.push(['removed', listener]),
  } satisfies AbortListeners);
  return { controller, signal: controller.signal, told };
}

const listener = () => {};

test('each listener for abort is told, when it comes and when it goes', () => {
  const { signal, told } = tracked();
  const object = { handleEvent: listener };
  signal.addEventListener('abort', listener);
  signal.addEventListener('abort', object, { once: true });
  signal.removeEventListener('abort', listener);
  signal.removeEventListener('abort', object);
  expect(told).toEqual([
    ['added', listener],
    ['added', object],
    ['removed', listener],
    ['removed', object],
  ]);
});

test('onabort is a listener', () => {
  const { signal, told } = tracked();
  signal.onabort = listener;
  expect(told).toEqual([['added', expect.anything()]]);
});

test('a listener that goes with another signal is told', () => {
  const { signal, told } = tracked();
  const other = new AbortController();
  signal.addEventListener('abort', listener, { signal: other.signal });
  other.abort();
  expect(told).toEqual([
    ['added', listener],
    ['removed', listener],
  ]);
});

test('other events are not told', () => {
  const { signal, told } = tracked();
  signal.addEventListener('something else', listener);
  signal.removeEventListener('something else', listener);
  expect(told).toEqual([]);
});

test('the signal works as before', () => {
  const { controller, signal } = tracked();
  const heard: unknown[] = [];
  signal.addEventListener('abort', function (this: AbortSignal, event) {
    heard.push(this === signal, event.target === signal);
  });
  signal.addEventListener('abort', { handleEvent: () => heard.push('object') }, { once: true });
  signal.onabort = () => heard.push('onabort');
  expect(getEventListeners(signal, 'abort')).toHaveLength(3);
  controller.abort('reason');
  expect(heard).toEqual([true, true, 'object', 'onabort']);
  expect([signal.aborted, signal.reason, AbortSignal.any([signal]).reason]).toEqual([true, 'reason', 'reason']);
  expect(() => signal.addEventListener('abort', 5 as never)).toThrow('must be an instance of EventListener');
});

test('only the signal itself is changed', () => {
  const before = Object.getOwnPropertyDescriptors(AbortSignal.prototype);
  const { signal } = tracked();
  expect(Object.getOwnPropertyDescriptors(AbortSignal.prototype)).toEqual(before);
  expect(Object.getPrototypeOf(new AbortController().signal)).toBe(AbortSignal.prototype);
  expect(Object.keys(signal)).toEqual([]);
});
