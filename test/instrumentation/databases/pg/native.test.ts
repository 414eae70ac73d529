import { diag } from '@opentelemetry/api';
import { clients, pgModules } from '../../../../src/instrumentation/databases/pg/loaded-classes.js';

test('pg-native is named loudly, once, and its client is left alone', () => {
  const warn = jest.spyOn(diag, 'warn').mockReturnValue();
  const met: unknown[] = [];
  const undo = clients.patch((prototype) => {
    met.push(prototype);
    return () => {};
  });
  met.length = 0;
  class NativeClient {
    static readonly Query = class {};
    _pulseQueryQueue() {}
  }
  const [pg] = pgModules();
  const native = pg?.files.find(({ name }) => name.includes('native'));
  for (let i = 0; i < 2; i++) native?.patch(NativeClient, '8.23.1');
  pg?.patch?.({ Client: NativeClient }, '8.23.1');
  undo();
  expect(met).toEqual([]);
  expect(warn.mock.calls).toEqual([[expect.stringContaining('pg-native is loaded')]]);
});
