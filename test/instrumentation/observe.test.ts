import { advance } from '../clock/fake-clock.js';
import { Enforcement } from './http-enforcement.js';
import { Handlings } from './http-handlings.js';
import { RawClient, Servers } from './http-servers.js';

const servers = new Servers();
new Enforcement({ mode: 'observe' });

// What else the mode does, and does not: in the tests of each server and client.
test('deadlines travel: a signal that the application asks for aborts when the deadline passes', async () => {
  const handlings = new Handlings();
  const { port } = await servers.serve(handlings.handler);
  const client = new RawClient(port).send(['GET / HTTP/1.1', 'timebudget: 1000']);
  const { response, signal } = await handlings.arrived();
  advance(1_001);
  expect(signal?.reason).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  response.writeHead(500).end('its own answer');
  expect(await client.received(/its own answer/)).toMatch(/^HTTP\/1.1 500/);
  client.socket.destroy();
});
