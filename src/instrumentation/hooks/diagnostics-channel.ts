import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Undo } from './patch-method.js';

/** Listens to a diagnostics channel of Node or undici whose messages are `Message`s. */
export function onChannel<Message>(name: string, listener: (message: Message) => void): Undo {
  const onMessage = (message: unknown) => listener(message as Message);
  subscribe(name, onMessage);
  return () => unsubscribe(name, onMessage);
}
