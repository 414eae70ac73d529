import { bundleForBrowser } from './bundle.js';

test('"." is bundled with nothing but its own files and those of its peers', async () => {
  const { inputs } = await bundleForBrowser('package-alone.ts');
  const strangers = inputs.filter(
    (name) =>
      !/^(test\/browser\/page|dist\/esm|node_modules\/@opentelemetry\/(api|core|semantic-conventions))\//.test(name),
  );
  expect(strangers).toEqual([]);
  expect(inputs).toContain('dist/esm/index.js');
  expect(inputs.filter((name) => name.startsWith('dist/esm/instrumentation/'))).toEqual([]);
});

test('what needs Node is refused, so that the test above can fail', async () => {
  await expect(bundleForBrowser('package-for-node.ts')).rejects.toThrow('Could not resolve "node:');
});
