import { expectAbout, GRANTED, READING } from './deadlines.js';
import { type Report, RunningProgram } from './running-program.js';
import { describeIn, PYTHON } from './toolchains.js';

/** A unary call, and a stream of answers that is cut off after the first. */
const WAITING = ['Wait', 'Stream'];

describeIn(PYTHON, "gRPC's C core: Python, Node, Python", (command) => {
  let server: RunningProgram;
  let hop: RunningProgram;
  let address: string;
  let client: RunningProgram | undefined;
  let calls = 0;

  beforeAll(async () => {
    server = python('server.py');
    hop = RunningProgram.node('grpc-hop.cjs', await server.address());
    address = await hop.address();
  });
  afterEach(() => client?.stop());
  afterAll(() => Promise.all([hop?.stop(), server?.stop()]));

  function python(program: string, ...args: string[]): RunningProgram {
    // -B: no compiled files beside the sources.
    return RunningProgram.start(command, ['-B', `python/${program}`, ...args]);
  }

  /** The call of a test, from Python to Node, which makes the same call to Python. */
  function call(method: string, ...timeout: string[]): RunningProgram {
    client = python('client.py', address, method, `${++calls}`, ...timeout);
    return client;
  }

  /** What Node and the server behind it tell of the call. */
  async function tell(event: string): Promise<[Report, Report]> {
    return Promise.all([hop.tells(event, `${calls}`), server.tells(event, `${calls}`)]);
  }

  test("the client's deadline arrives in Node's context, and from there in Python's", async () => {
    const calling = call('Answer', '9');
    const { deadline } = await calling.tells('calling');
    expect((await calling.tells('ended')).as).toBe('OK');
    for (const arrived of await tell('arrived')) expectAbout(deadline, arrived.deadline);
  });

  test('a deadline that Node sets arrives in Python', async () => {
    const started = Date.now();
    expect((await call('Answer').tells('ended')).as).toBe('OK');
    const [set, arrived] = await tell('arrived');
    expect(set.deadline).toBeGreaterThan(started + GRANTED - READING);
    expect(set.deadline).toBeLessThan(Date.now() + GRANTED + READING);
    expectAbout(set.deadline, arrived.deadline);
  });

  test.each(WAITING)('%s: the client cancels, and both hops are cancelled', async (method) => {
    const calling = call(method, '60');
    await server.tells('arrived', `${calls}`);
    calling.endInput();
    expect((await calling.tells('ended')).as).toBe('CANCELLED');
    expect((await tell('ended')).map(({ as }) => as)).toEqual(['cancelled', 'cancelled']);
  });

  test.each(WAITING)('%s: the deadline passes, and the last hop has stopped', async (method) => {
    expect((await call(method, '2').tells('ended')).as).toBe('DEADLINE_EXCEEDED');
    // A hop whose clock is read a little earlier hangs up on the next one.
    const [, last] = await tell('ended');
    expect(['deadline exceeded', 'cancelled']).toContain(last.as);
  });
});
