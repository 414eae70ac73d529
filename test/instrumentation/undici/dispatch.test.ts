import { patchMethod } from '../../../src/instrumentation/hooks/patch-method.js';
import { resolveSettings } from '../../../src/instrumentation/settings.js';
import { DispatchHook, wrapDispatch } from '../../../src/instrumentation/undici/dispatch.js';

// A dispatcher of another making: undici's MockAgent returns nothing.

test.each([true, false, undefined])(
  'a dispatcher that returns %s is asked once, and its answer passed on',
  (answer) => {
    const dispatch = jest.fn(() => answer);
    const dispatcher = { dispatch };
    const undo = patchMethod(dispatcher, 'dispatch', wrapDispatch, new DispatchHook(resolveSettings()));
    const call = [{ method: 'GET', origin: 'http://127.0.0.1', path: '/' }, { onError() {} }] as never;
    expect(dispatcher.dispatch(...(call as []))).toBe(answer);
    expect(dispatch).toHaveBeenCalledTimes(1);
    expect(dispatch).toHaveBeenCalledWith(...(call as []));
    undo();
    expect(dispatcher.dispatch).toBe(dispatch);
  },
);
