import { context, diag, ROOT_CONTEXT } from '@opentelemetry/api';
import { Deadline } from '../../../src/context/deadline.js';
import { Scope } from '../../../src/context/scope/scope.js';
import { isDeadlineExceeded } from '../../../src/errors.js';
import { runForRequest } from '../../../src/instrumentation/lost-context/lost-contexts.js';
import { advance } from '../../support/fake-clock.js';
import { within } from '../../support/waiting.js';
import { PgEnforcement } from '../databases/pg/enforcement.js';
import { StandIn } from '../databases/pg/stand-in.js';

const server = new StandIn();
const enforcement = new PgEnforcement(server);

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => error,
  );

describe.each(['client', 'pool'])('a statement in a context that knows nothing of its request (%s)', (kind) => {
  test.each(['warn', 'inherit'] as const)('%s: is counted once', async (lostContexts) => {
    jest.spyOn(diag, 'warn').mockReturnValue();
    enforcement.configure({ lostContexts });
    const driver = kind === 'client' ? await enforcement.client() : enforcement.pool({ max: 1 });
    // One whose time is up: an inherited scope refuses the statement.
    const request = new Scope(undefined, Deadline.after(0), 'owned');
    const result = await runForRequest(request, () =>
      context.with(ROOT_CONTEXT, () => outcome(driver.query('select 1'))),
    );
    expect(lostContexts === 'inherit' ? isDeadlineExceeded(result) : result).toBe(lostContexts === 'inherit' || 'done');
    expect(enforcement.counts).toMatchObject({ 'client detached': 1 });
    request.complete();
  });
});

test.each(['client', 'pool'])('inherit: a statement that runs ends with the request (%s)', async (kind) => {
  jest.spyOn(diag, 'warn').mockReturnValue();
  enforcement.configure({ lostContexts: 'inherit' });
  const driver = kind === 'client' ? await enforcement.client() : enforcement.pool({ max: 1 });
  await driver.query('select 1');
  const request = new Scope(undefined, Deadline.after(100), 'owned');
  const result = runForRequest(request, () => context.with(ROOT_CONTEXT, () => outcome(driver.query('slow'))));
  await within(2_000, 'the statement', () => server.texts.includes('slow'));
  advance(100);
  server.statements.at(-1)?.answer();
  await result;
  expect(enforcement.counts).toEqual({ 'client detached': 1, 'client exceeded': 1 });
  request.complete();
});

test('a statement of nobody, which waits for a client that a request gives back, is not taken for lost', async () => {
  enforcement.configure({ lostContexts: 'inherit' });
  const pool = enforcement.pool({ max: 1 });
  const holder = await pool.connect();
  const waiting = pool.query('select 1');
  const request = new Scope(undefined, Deadline.after(0), 'owned');
  runForRequest(request, () => holder.release());
  await waiting;
  expect(enforcement.counts).toEqual({});
  request.complete();
});
