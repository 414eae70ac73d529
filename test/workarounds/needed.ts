/** Whether a workaround is needed, for each major version of Node that the suite runs on. */
export type NeededOn = Readonly<Record<20 | 22 | 24 | 26, boolean>>;

const MAJOR = Number(process.versions.node.split('.')[0]) as keyof NeededOn;

const everywhere: NeededOn = { 20: true, 22: true, 24: true, 26: true };

/** The fault, or the lack, that a comment WORKAROUND describes. Each such comment is covered by a test. */
export interface Workaround {
  /** The file of the comment. */
  readonly covers: `src/${string}`;
  readonly fault: string;
  /** Default: everywhere. */
  readonly neededOn?: NeededOn;
}

/**
 * Tests that a library still has the fault that a workaround is for. When that fails on one version, correct its entry in
 * `neededOn`; when no version has the fault any more, remove the workaround.
 *
 * @param hasFault whether the library, without this package, has the fault
 */
export function testNeeded(workaround: Workaround, hasFault: () => boolean | Promise<boolean>): void {
  const { covers, fault, neededOn = everywhere } = workaround;
  const needed = neededOn[MAJOR];
  test(`${covers} is ${needed ? '' : 'not '}needed on Node ${MAJOR}: ${fault}`, async () => {
    expect(await hasFault()).toBe(needed);
  });
}

/**
 * Tests that a private part of a library is where a workaround looks for it. When that fails, a new version of the library
 * has moved the part: change the workaround, or remove it where the new version has something public.
 */
export function testReached({ covers, fault }: Omit<Workaround, 'neededOn'>, check: () => void | Promise<void>): void {
  test(`${covers} finds what it reaches for: ${fault}`, async () => {
    await check();
  });
}
