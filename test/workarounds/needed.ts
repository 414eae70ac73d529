/** Whether a workaround is needed, for each major version of Node that the suite runs on. */
export type NeededOn = Readonly<Record<20 | 22 | 24 | 26, boolean>>;

const MAJOR = Number(process.versions.node.split('.')[0]) as keyof NeededOn;

export const everywhere: NeededOn = { 20: true, 22: true, 24: true, 26: true };

/**
 * Tests that a library still has the fault that a workaround is for. When that fails on one version, correct its entry in
 * the table; when no version has the fault any more, remove the workaround.
 *
 * @param fault whether the library, without this package, has the fault
 */
export function testNeeded(file: string, neededOn: NeededOn, fault: () => boolean | Promise<boolean>): void {
  test(`${file} is ${neededOn[MAJOR] ? '' : 'not '}needed on Node ${MAJOR}`, async () => {
    expect(await fault()).toBe(neededOn[MAJOR]);
  });
}
