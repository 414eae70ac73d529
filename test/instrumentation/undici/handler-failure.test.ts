import { Duplex } from 'node:stream';
import { Deadline } from '../../../src/context/deadline.js';
import { failure } from '../../../src/instrumentation/undici/handler-failure.js';

const reason = Deadline.after(0).toError();

/** What undici has for a call of `pipeline`: `ret` is what that has returned. */
class PipelineHandler {
  readonly ret = new Duplex({ read() {} });
}

describe('the error of a call of pipeline', () => {
  test("ends no process whose code has no listener for 'error'", async () => {
    const { ret } = new PipelineHandler();
    const error = failure({ ret }, reason, 'GET http://a/');
    const closed = new Promise((resolve) => ret.on('close', resolve));
    ret.destroy(error);
    await closed;
    expect(ret.errored).toBe(error);
  });

  test('is for the listener alone that the code has', () => {
    const handler = new PipelineHandler();
    handler.ret.on('error', () => {});
    failure(handler, reason, 'GET http://a/');
    expect(handler.ret.listenerCount('error')).toBe(1);
  });
});
