import { join } from 'node:path';
import { ChildProcess } from '../../../support/processes/child-process.js';
import { StandIn } from './stand-in.js';

// What the hook on `require` finds, which jest does not have.

const server = new StandIn();
const fixture = (name: string) => join(__dirname, 'fixtures', name);

const COVERED = {
  refused: 'deadline',
  refusedByPool: 'deadline',
  cancelled: 'deadline',
  cancelledInPool: 'deadline',
  leftAlone: 'done',
  inTime: 'done',
  removed: 0,
  callback: 'its caller',
};

test.each([
  ['app.cjs', 'alone'],
  ['app.cjs', 'ours first'],
  ['app.cjs', 'ours last'],
  ['app.cjs', 'loaded before'],
  ['app.mjs', 'alone'],
  ['app.mjs', 'ours first'],
  ['app.mjs', 'ours last'],
  ['app.mjs', 'loaded before'],
  ['copies.cjs', 'alone'],
  ['copies.cjs', 'loaded before'],
])('%s, %s', async (program, order) => {
  const flags = ['--require', fixture('set-up.cjs')];
  const args = [order, String(server.port)];
  const { report, code, stderr } = await ChildProcess.run(fixture(program), { flags, args });
  expect({ code, stderr: stderr.replace(/.*Warning.*\n|\(Use .*\n/g, '') }).toEqual({ code: 0, stderr: '' });
  expect(report).toEqual(program === 'copies.cjs' ? [COVERED, COVERED] : [COVERED]);
  expect(server.cancels.length).toBe(2 * report.length);
});
