import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { deleteScope, getScope, knowsScope, parentScope, setScope } from '../../src/context/context-scope.js';
import { Deadline } from '../../src/context/deadline.js';
import { Scope } from '../../src/context/scope/scope.js';

const live = () => new Scope(undefined, Deadline.after(1_000), 'owned');

function completed(): Scope {
  const scope = live();
  scope.complete();
  return scope;
}

const scope = live();
const inScope = setScope(ROOT_CONTEXT, scope);

const rows: [string, Context, { binds?: Scope; parent?: Scope; known: boolean }][] = [
  ['without any', ROOT_CONTEXT, { known: false }],
  ['with one', inScope, { binds: scope, parent: scope, known: true }],
  ['with one, suppressed', suppressTracing(inScope), { parent: scope, known: true }],
  ['with one that has completed', setScope(inScope, completed()), { known: true }],
  ['that was freed of one', deleteScope(inScope), { known: true }],
  ['that was freed of none', deleteScope(ROOT_CONTEXT), { known: true }],
  [
    'that was freed and given one',
    setScope(deleteScope(ROOT_CONTEXT), scope),
    { binds: scope, parent: scope, known: true },
  ],
];

test.each(rows)('the scope of a context %s', (_, context, { binds, parent, known }) => {
  expect(getScope(context)).toBe(binds);
  expect(parentScope(context)).toBe(parent);
  expect(knowsScope(context)).toBe(known);
});
