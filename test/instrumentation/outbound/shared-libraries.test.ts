import { join } from 'node:path';
import { ChildProcess } from '../../support/processes/child-process.js';

jest.setTimeout(60_000);

interface Outcome {
  /** Of the two requests that stay. */
  readonly statuses: number[];
  /** The paths, each with the remark whether a budget has come with it. */
  readonly asked: string[];
}

type Report = Record<string, Record<'hangs up' | 'runs out of time', Outcome>>;

const ROLE = '/latest/meta-data/iam/security-credentials/';
const ASKED: Record<string, string[]> = {
  jose: ['/.well-known/jwks.json'],
  'p-memoize and detach': ['/page'],
  DataLoader: ['/batch/1'],
  'the credentials of the AWS SDK': ['/latest/api/token', ROLE, `${ROLE}role`],
};
const ENDS = ['hangs up', 'runs out of time'] as const;

async function report(shared?: string[]): Promise<Report> {
  const setup = { order: ['ours', 'http'], config: { client: { shared } } };
  const finished = await ChildProcess.run(join(__dirname, 'fixtures/shared-libraries.mjs'), {
    flags: ['--import', join(__dirname, '../http/fixtures/telemetry.cjs')],
    env: { HTTP_SETUP: JSON.stringify(setup) },
  });
  expect(finished).toMatchObject({ code: 0, stderr: '' });
  return finished.report;
}

describe('three requests wait for a call that one of them has begun', () => {
  let byDefault: Report;
  let byPatterns: Report;
  let without: Report;

  beforeAll(async () => {
    byDefault = await report();
    byPatterns = await report(['*/batch/*', '*/latest/*']);
    without = await report([]);
  });

  describe.each(ENDS)('and %s', (end) => {
    test.each([
      ['jose', 'by default', () => byDefault],
      ['p-memoize and detach', 'by default', () => byDefault],
      ['DataLoader', 'with a pattern', () => byPatterns],
      ['the credentials of the AWS SDK', 'with a pattern', () => byPatterns],
    ] as const)('%s, %s: the others get their answer', (library, _, reported) => {
      expect(reported()[library]?.[end]).toEqual({ statuses: [200, 200], asked: ASKED[library] });
    });

    test.each(['jose', 'DataLoader', 'the credentials of the AWS SDK'])('%s: not with no shared calls', (library) => {
      expect(without[library]?.[end]?.statuses).not.toContain(200);
    });
  });
});
