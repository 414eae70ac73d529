import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { LINES } from './lines.js';
import type { Report, RunningService } from './running-service.js';
import { packTarball, type Tarball, UserProject } from './user-project.js';

const ROOT = join(__dirname, '../..');

const SERVICES = [
  ['CommonJS', 'service.cjs'],
  ['an ES module', 'service.mjs'],
  ['TypeScript, module nodenext', 'nodenext/service.js'],
  ['TypeScript, module commonjs', 'commonjs/service.js'],
] as const;

const { name: NAME, exports: ENTRY_POINTS } = require('../../package.json');
const registers = [`${NAME}/register`, '@opentelemetry/auto-instrumentations-node/register'];

/** How a service is set up: a name, and options of `node`. */
type SetUp = [string, string[]];
const WITH_CODE: SetUp[] = [['NodeSDK in a file of its own', ['--import', './telemetry.mjs']]];
const WITHOUT_CODE = ['--import', '--require'].map((option): SetUp => {
  return [`no code, ${option}`, registers.flatMap((each) => [option, each])];
});
const SET_UPS = './register' in ENTRY_POINTS ? [...WITH_CODE, ...WITHOUT_CODE] : WITH_CODE;

let tarball: Tarball;
beforeAll(() => {
  tarball = packTarball();
}, 300_000);
afterAll(() => rmSync(dirname(tarball.path), { recursive: true }));

describe('the tarball', () => {
  const texts = [
    'README.md',
    'CHANGELOG.md',
    'SECURITY.md',
    ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
  ];

  test.each(texts)('has %s, and each file that it links to', (text) => {
    expect(tarball.files).toContain(text);
    const links = [...readFileSync(join(ROOT, text), 'utf8').matchAll(/\]\((?!\w+:|#)([^)#]+)/g)];
    for (const [, link] of links) expect(tarball.files).toContain(normalize(join(dirname(text), String(link))));
  });

  test('has no tests and no sources, and is small', () => {
    const known = /^(dist|docs)\/|^(package\.json|LICENSE|(README|CHANGELOG|SECURITY|bench\/README)\.md)$/;
    expect(tarball.files.filter((name) => !known.test(name))).toEqual([]);
    expect(tarball.size).toBeLessThan(300_000);
  });
});

describe.each(LINES)('$name', (line) => {
  let project: UserProject;
  beforeAll(() => {
    project = new UserProject(line, tarball.path);
  }, 300_000);
  afterAll(() => project?.remove());

  test.each(['nodenext', 'commonjs', 'page'])('the types compile under strict, those of all packages: %s', (name) => {
    project.run('node', ['node_modules/typescript/bin/tsc', '-p', `tsconfig.${name}.json`]);
    if (name === 'commonjs') writeFileSync(join(project.path, name, 'package.json'), '{ "type": "commonjs" }\n');
  });

  describe.each(SET_UPS)('%s', (_, flags) => {
    describe.each(SERVICES)('a service in %s', (_, file) => {
      let front: RunningService;
      let back: RunningService;
      beforeAll(async () => {
        [front, back] = await Promise.all([project.start(file, flags), project.start(file, flags)]);
      });
      afterAll(() => project.stop());

      const ask = (path: string, timebudget?: string) =>
        fetch(front.url(path), { headers: timebudget === undefined ? {} : { timebudget } });

      test('hands on what is left of its budget', async () => {
        const own: Report = await (await ask(`/call?${back.url('/')}`, '5000')).json();
        expect(own.remaining).toBeLessThanOrEqual(5000);
        expect(own.called?.field).toMatch(/^\d+$/);
        expect(Number(own.called?.field)).toBeLessThanOrEqual(Number(own.remaining) - 49);
        expect(own.called?.remaining).toBeLessThanOrEqual(Number(own.called?.field));
        expect(own.called?.remaining).toBeGreaterThan(0);
      });

      test('has no deadline when it got none, and hands none on', async () => {
        const { remaining, called }: Report = await (await ask(`/call?${back.url('/')}`)).json();
        expect(remaining).toBeNull();
        expect(called).toEqual({ handled: expect.any(Number), remaining: null });
      });

      test('does not begin with a request that comes too late', async () => {
        const { handled: before }: Report = await (await ask('/')).json();
        const late = await ask('/', '0');
        expect([late.status, late.headers.get('timebudget')]).toEqual([504, '0']);
        const { handled: after }: Report = await (await ask('/')).json();
        expect(after).toBe(before + 1);
      });

      test('gives up a call when the time is up', async () => {
        const { failure }: Report = await (await ask(`/call?${back.url('/never')}`, '400')).json();
        expect(failure).toEqual({ exceeded: true });
      });

      test('wrote nothing: no warning, no error', () => {
        expect([front.written, back.written]).toEqual(['', '']);
      });
    });
  });
});
