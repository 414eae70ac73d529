import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Listens to a channel of Node's or undici's, whose messages are `Message`s. Returns what undoes it. */
export function onChannel<Message>(name: string, listener: (message: Message) => void): () => void {
  const onMessage = (message: unknown) => listener(message as Message);
  subscribe(name, onMessage);
  return () => unsubscribe(name, onMessage);
}
