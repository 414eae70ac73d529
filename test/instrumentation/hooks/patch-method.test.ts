import { channel } from 'node:diagnostics_channel';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { DeadlineInstrumentation } from '../../../src/instrumentation/deadline-instrumentation.js';
import { type Method, type Patched, patchMethod } from '../../../src/instrumentation/hooks/patch-method.js';
import { clientSessionPrototype } from '../../../src/instrumentation/http2/sessions.js';
import type { DeadlineInstrumentationConfig } from '../../../src/instrumentation/options.js';

class Base {
  greet(name: string): string {
    return `hello ${name}`;
  }
}
class Derived extends Base {}

/** Its settings: what is added. */
const louder = (original: Method, patched: Patched<string>): Method =>
  function loud(this: unknown, ...args: unknown[]) {
    return `${original.apply(this, args)}${patched.settings ?? ''}`;
  };

let prototype: Base;
beforeEach(() => {
  class Own {
    greet(name: string): string {
      return `hello ${name}`;
    }
  }
  prototype = Own.prototype;
});

describe('patchMethod', () => {
  test('replaces a method until it is undone', () => {
    const { greet } = prototype;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, 'greet');
    const undo = patchMethod(prototype, 'greet', louder, '!');
    expect(prototype.greet('you')).toBe('hello you!');
    undo();
    expect(prototype.greet).toBe(greet);
    expect(Object.getOwnPropertyDescriptor(prototype, 'greet')).toEqual(descriptor);
  });

  test('leaves an inherited method inherited', () => {
    const undo = patchMethod(Derived.prototype, 'greet', louder, '!');
    expect([new Derived().greet('you'), new Base().greet('you')]).toEqual(['hello you!', 'hello you']);
    undo();
    expect(Object.getOwnPropertyNames(Derived.prototype)).toEqual(['constructor']);
  });

  test('passes `this` and all arguments on', () => {
    const seen: unknown[] = [];
    const undo = patchMethod(prototype, 'greet', (original) => {
      return function spy(this: unknown, ...args: unknown[]) {
        seen.push(this, ...args);
        return original.apply(this, args);
      };
    });
    const receiver = Object.create(prototype);
    receiver.greet('you', 2, 3);
    expect(seen).toEqual([receiver, 'you', 2, 3]);
    undo();
  });

  test('does nothing when it is undone twice, nor to the patch after it', () => {
    const undo = patchMethod(prototype, 'greet', louder, '!');
    undo();
    const undoSecond = patchMethod(prototype, 'greet', louder, '!');
    undo();
    expect(prototype.greet('you')).toBe('hello you!');
    undoSecond();
  });

  test('under a wrapper of somebody else goes out of the way, and comes back in its place', () => {
    const original = prototype.greet;
    const undo = patchMethod(prototype, 'greet', louder, '!');
    const ours = prototype.greet;
    prototype.greet = function polite(name) {
      return `dear ${ours.call(this, name)}`;
    };
    const theirs = prototype.greet;
    undo();
    expect(prototype.greet('you')).toBe('dear hello you');
    for (let i = 0; i < 20; i++) {
      const undoAgain = patchMethod(prototype, 'greet', louder, '!');
      expect(prototype.greet).toBe(theirs);
      expect(prototype.greet('you')).toBe('dear hello you!');
      undoAgain();
      expect(prototype.greet('you')).toBe('dear hello you');
    }
    // They take theirs off: the next undoing takes ours off as well.
    prototype.greet = ours;
    patchMethod(prototype, 'greet', louder, '!')();
    expect(prototype.greet).toBe(original);
  });
});

describe('DeadlineInstrumentation, enabled and disabled', () => {
  const owners = {
    'http.Server': http.Server,
    'https.Server': https.Server,
    'http2 server': http2.createServer().constructor,
    'http2 secure server': http2.createSecureServer().constructor,
    ServerResponse: http.ServerResponse,
    Http2ServerResponse: http2.Http2ServerResponse,
    Agent: http.Agent,
    ClientRequest: http.ClientRequest,
    ClientHttp2Session: { prototype: clientSessionPrototype() as Record<string, unknown> },
  };

  /** All methods of all prototypes that are patched, and the channel. */
  function state(): unknown {
    const methods = Object.entries(owners).map(([name, { prototype }]) => {
      return [name, Object.getOwnPropertyDescriptors(prototype)];
    });
    return { methods, subscribers: channel('http.server.request.start').hasSubscribers };
  }

  test('20 times leaves all as it was', () => {
    const before = state();
    const instrumentation = new DeadlineInstrumentation();
    expect(state()).not.toEqual(before);
    for (let i = 0; i < 20; i++) {
      instrumentation.enable();
      instrumentation.enable();
      instrumentation.disable();
      instrumentation.disable();
      expect(state()).toEqual(before);
    }
  });

  test('with enabled: false waits for enable()', () => {
    const before = state();
    const instrumentation = new DeadlineInstrumentation({ enabled: false });
    expect(state()).toEqual(before);
    instrumentation.enable();
    expect(state()).not.toEqual(before);
    instrumentation.disable();
  });

  test.each([
    [
      'server.http',
      { server: { http: false } },
      ['http.Server.emit', 'https.Server.emit', 'ServerResponse.writeContinue'],
    ],
    [
      'server.http2',
      { server: { http2: false } },
      ['http2 server.emit', 'http2 secure server.emit', 'Http2ServerResponse.writeContinue'],
    ],
    ['client.http', { client: { http: false } }, ['Agent.addRequest', 'ClientRequest.onSocket']],
    ['client.http2', { client: { http2: false } }, ['ClientHttp2Session.request']],
    [
      'server.keepStatus',
      { server: { keepStatus: true } },
      ['ServerResponse.writeHead', 'Http2ServerResponse.writeHead'],
    ],
  ])('leaves alone what %s turns off, and nothing else', (_, config, untouched) => {
    const before = methods();
    const patchedWith = (options: DeadlineInstrumentationConfig): string[] => {
      const instrumentation = new DeadlineInstrumentation(options);
      const patched = [...methods()].filter(([name, method]) => before.get(name) !== method);
      instrumentation.disable();
      return patched.map(([name]) => name);
    };
    const patched = patchedWith(config);
    expect(patchedWith({}).filter((name) => !patched.includes(name))).toEqual(untouched);
  });

  /** The methods of all prototypes that are patched, by their names. */
  function methods(): Map<string, unknown> {
    const all = Object.entries(owners).flatMap(([owner, { prototype }]) =>
      Object.entries(Object.getOwnPropertyDescriptors(prototype)).map(
        ([name, { value }]) => [`${owner}.${name}`, value] as const,
      ),
    );
    return new Map(all);
  }

  test('takes new options at once, on and off', () => {
    const before = state();
    const instrumentation = new DeadlineInstrumentation();
    const { emit } = http.Server.prototype;
    instrumentation.setConfig({ server: { http: false } });
    expect(http.Server.prototype.emit).not.toBe(emit);
    instrumentation.setConfig({});
    expect(Object.hasOwn(http.Server.prototype, 'emit')).toBe(true);
    instrumentation.disable();
    instrumentation.setConfig({ mode: 'observe' });
    expect(state()).toEqual(before);
  });

  test('keeps its options when new ones are bad', () => {
    const instrumentation = new DeadlineInstrumentation({ mode: 'observe' });
    expect(() => instrumentation.setConfig({ mode: 'off' as never })).toThrow(RangeError);
    expect(instrumentation.getConfig()).toMatchObject({ mode: 'observe' });
    instrumentation.disable();
  });
});
