import { type Finished, fixture, run } from '../http/processes.js';

const clients = ['http', 'fetch', 'undici', 'grpc'];
const known = ['the context of the request', 'a fresh context, in a scope of its own'];
const freed = ['detach', 'a fresh context, suppressed'];

const modes: [string, { lostContexts?: string; mode?: string }, { inherits: boolean; warns: boolean }][] = [
  ['by default', {}, { inherits: false, warns: false }],
  ['off', { lostContexts: 'off' }, { inherits: false, warns: false }],
  ['warn', { lostContexts: 'warn' }, { inherits: false, warns: true }],
  ['inherit', { lostContexts: 'inherit' }, { inherits: true, warns: true }],
  ['inherit, observed', { lostContexts: 'inherit', mode: 'observe' }, { inherits: false, warns: true }],
];

const orders = { 'with instrumentation-http': ['ours', 'http'], alone: ['ours'] };

describe.each(Object.entries(orders))('%s', (_, order) => {
  describe.each(modes)('lost contexts, %s', (_, config, { inherits, warns }) => {
    let finished: Finished;

    beforeAll(async () => {
      const flags = ['--require', fixture('telemetry.cjs')];
      finished = await run('../../lost-context/fixtures/lost-contexts.cjs', flags, { order, config });
      expect(finished).toMatchObject({ code: 0, stderr: '' });
    });

    test.each(clients)('%s: what has a scope carries it, what was freed does not', (client) => {
      const carried = finished.report.carried[client];
      for (const place of known) expect([place, carried[place]]).toEqual([place, expect.stringMatching(/^[0-9]+$/)]);
      for (const place of freed) expect([place, carried[place]]).toEqual([place, 'none']);
      expect(carried['a fresh context']).toEqual(inherits ? expect.stringMatching(/^[0-9]+$/) : 'none');
    });

    test('a call made after the answer is nobody’s', () => {
      expect(finished.report.afterwards).toBe('none');
    });

    test(`a call ${inherits ? 'ends' : 'does not end'} with a caller of whom it knew nothing`, () => {
      expect(finished.report.endsWithItsCaller).toBe(inherits);
    });

    test(`${warns ? 'each place in the code is' : 'nothing is'} logged, once`, () => {
      const { warnings } = finished.report;
      // One for each client, and one for the loop.
      expect(warnings).toHaveLength(warns ? clients.length + 1 : 0);
      expect(new Set(warnings).size).toBe(warnings.length);
      for (const warning of warnings) {
        const [message, ...frames] = warning.split('\n');
        expect(message).toContain('ROOT_CONTEXT');
        expect(frames.length).toBeGreaterThan(0);
        for (const frame of frames) expect(frame).toMatch(/fixtures[/\\][\w-]+\.cjs:/);
      }
    });
  });
});
