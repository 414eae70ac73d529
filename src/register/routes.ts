import type { InboundCall, InboundRequest, ServerOptions } from '../instrumentation/options.js';
import { PathPattern } from '../instrumentation/outbound/path-pattern.js';
import { privateField } from '../private-field.js';
import { parseBudget } from './duration.js';

// The grammar of OTEL_DEADLINE_ROUTES:
//
//   routes  = rule *( ";" rule )
//   rule    = [ method SP ] path SP ( "ignore" / setting *( SP setting ) )
//   path    = "/" ..., in which "*" is any text
//   setting = "budget=" ( duration / "none" ) / "cancel=" switch / "answer=" switch
//   switch  = "on" / "off"

export const ROUTES = 'OTEL_DEADLINE_ROUTES';

type Inbound = InboundRequest | InboundCall;

/** What the first rule says that matches a request. What it does not mention is as it is without rules. */
export interface Rule {
  /** In upper case; `undefined`: any. */
  readonly method: string | undefined;
  readonly path: PathPattern;
  readonly ignore: boolean;
  /** In ms, of a request that brings no budget; `Infinity`: none. */
  readonly budget: number | undefined;
  readonly cancel: boolean | undefined;
  readonly answer: boolean | undefined;
}

/** Each request looks at all of them. */
const MAX_RULES = 64;
/** The number of characters of a rule that counts. */
const MAX_RULE = 512;

const METHOD = /^[A-Za-z][A-Za-z-]{0,31}$/;
const EXPECTED =
  '[METHOD] /path, where * is any text, then ignore, or budget=10s, budget=none, cancel=on, cancel=off, answer=on or answer=off';

/**
 * The rules in the value of the variable.
 *
 * @param complain called for each rule that is none, with the rule and what is expected; the others count
 */
export function parseRoutes(text: string, complain: (rule: string, expected: string) => void): readonly Rule[] {
  const texts = text
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const [tooMany] = texts.splice(MAX_RULES);
  const rules = texts.flatMap((each) => {
    const rule = parseRule(each);
    if (rule === undefined) complain(each, EXPECTED);
    return rule ?? [];
  });
  if (tooMany !== undefined) complain(tooMany, `at most ${MAX_RULES} rules`);
  return rules;
}

function parseRule(text: string): Rule | undefined {
  if (text.length > MAX_RULE) return undefined;
  const words = text.split(/\s+/);
  const method = words[0]?.startsWith('/') ? undefined : words.shift();
  const [path, ...settings] = words;
  if (method !== undefined && !METHOD.test(method)) return undefined;
  if (path === undefined || !path.startsWith('/') || /[?#]/.test(path) || settings.length === 0) return undefined;
  const pattern = new PathPattern(path);
  const rule = { method: method?.toUpperCase(), path: pattern, ignore: false };
  const nothing = { budget: undefined, cancel: undefined, answer: undefined };
  if (settings.length === 1 && settings[0] === 'ignore') return { ...rule, ...nothing, ignore: true };
  const pairs = new Map<string, string>();
  for (const setting of settings) {
    const [, key, value] = /^(budget|cancel|answer)=(.+)$/.exec(setting) ?? [];
    if (key === undefined || value === undefined || pairs.has(key)) return undefined;
    pairs.set(key, value);
  }
  const [budget, cancel, answer] = [pairs.get('budget'), pairs.get('cancel'), pairs.get('answer')];
  const parsed = { budget: parseOwnBudget(budget), cancel: parseSwitch(cancel), answer: parseSwitch(answer) };
  if (parsed.budget === 'bad' || parsed.cancel === 'bad' || parsed.answer === 'bad') return undefined;
  return { ...rule, ...(parsed as Pick<Rule, 'budget' | 'cancel' | 'answer'>) };
}

function parseOwnBudget(value: string | undefined): number | undefined | 'bad' {
  if (value === undefined) return undefined;
  return value === 'none' ? Number.POSITIVE_INFINITY : (parseBudget(value) ?? 'bad');
}

function parseSwitch(value: string | undefined): boolean | undefined | 'bad' {
  if (value === undefined) return undefined;
  return value === 'on' ? true : value === 'off' ? false : 'bad';
}

/** What variables set for all requests. */
export interface Defaults {
  readonly defaultBudget?: number | undefined;
  readonly answer?: boolean | undefined;
}

/** The options of the server for `rules`: only those that a rule mentions, for the others would cost each request. */
export function routeOptions(rules: readonly Rule[], defaults: Defaults): ServerOptions {
  const matched = privateField<Rule | null>();
  /** Found once for each request: express rewrites `url` while it routes. */
  const ruleOf = (request: Inbound): Rule | undefined => {
    let rule = matched.get(request);
    if (rule === undefined) {
      rule = firstMatch(rules, request) ?? null;
      matched.set(request, rule);
    }
    return rule ?? undefined;
  };
  const budgetOf = (request: Inbound) => {
    const budget = ruleOf(request)?.budget ?? defaults.defaultBudget;
    return budget === Number.POSITIVE_INFINITY ? undefined : budget;
  };
  const mentions = (key: 'budget' | 'cancel' | 'answer') => rules.some((rule) => rule[key] !== undefined);
  const answers = (request: Inbound) => ruleOf(request)?.answer ?? defaults.answer ?? false;
  const canAnswer = defaults.answer === true || rules.some(({ answer }) => answer === true);
  return {
    // Asked first of each request, and so before anybody can have rewritten its `url`.
    ...(rules.length > 0 && { ignore: (request: Inbound) => ruleOf(request)?.ignore === true }),
    ...(mentions('budget') && { defaultBudget: budgetOf }),
    ...(mentions('cancel') && { cancelOnDisconnect: (request: Inbound) => ruleOf(request)?.cancel ?? true }),
    ...(mentions('answer') && { answer: canAnswer && answers }),
  };
}

function firstMatch(rules: readonly Rule[], request: Inbound): Rule | undefined {
  const method = isCall(request) ? 'POST' : request.method;
  const path = isCall(request) ? request.getPath() : pathOf(request.url ?? '');
  if (path === undefined || DOT_SEGMENT.test(path)) return undefined;
  return rules.find((rule) => (rule.method === undefined || rule.method === method) && rule.path.matches(path));
}

function isCall(request: Inbound): request is InboundCall {
  return request.headers === undefined;
}

/** A path that a server may take for another one: no rule is for it. `URL` takes a backslash for a slash. */
const DOT_SEGMENT = /[/\\](?:\.|%2e){1,2}(?:[/\\]|%2f|%5c|$)/i;

/** Of a path longer than this no rule is looked for. */
const MAX_PATH = 8_192;

/**
 * The path of a request's target, without the query: also of a whole URL, as in a request to a proxy. `undefined` where it
 * has none (`*`, the authority of CONNECT), or is too long.
 */
function pathOf(target: string): string | undefined {
  const [plain = ''] = target.split(/[?#]/, 1);
  if (plain.length > MAX_PATH) return undefined;
  if (plain.startsWith('/')) return plain;
  const [, path] = /^https?:\/\/[^/]*(.*)$/is.exec(plain) ?? [];
  return path === '' ? '/' : path;
}
