import { run } from '../processes.js';

jest.setTimeout(60_000);

test('exporters that flush inside a request whose time is up, or whose caller leaves, are not harmed', async () => {
  const { report, code, stderr } = await run('exporters.cjs', [], {});
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const exported = ['fulfilled', 'fulfilled'];
  expect(report.reports).toEqual({
    exceeded: { call: 'DEADLINE_EXCEEDED', exports: exported },
    cancelled: { call: 'CANCELLED', exports: exported },
  });
  // With no field of ours, nor of anybody's.
  const both = [
    { path: '/v1/traces', fields: [] },
    { path: '/v1/metrics', fields: [] },
  ];
  expect(report.received).toHaveLength(4);
  expect(report.received.slice(0, 2)).toEqual(expect.arrayContaining(both));
  expect(report.received.slice(2)).toEqual(expect.arrayContaining(both));
});
