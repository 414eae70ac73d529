import { isToken, skipSpace, trimSpace } from '../text.js';
import { skipProperty } from './property.js';
import { decodeBaggageValue, encodeBaggageValue } from './value.js';

/** A member of the `baggage` field, decoded. */
export interface BaggageMember {
  readonly key: string;
  readonly value: string;
  /** The text of its properties, not decoded, without the first ";"; `undefined` when there are none. */
  readonly properties: string | undefined;
}

/** The key of a grammatical member. */
export function parseBaggageKey(member: string): string {
  return trimSpace(member.slice(0, member.indexOf('=')));
}

/** Reads a grammatical member: `key=value`, and properties after semicolons. */
export function parseBaggageMember(member: string): BaggageMember {
  const equals = member.indexOf('=');
  const semicolon = member.indexOf(';', equals);
  const valueEnd = semicolon === -1 ? member.length : semicolon;
  return {
    key: trimSpace(member.slice(0, equals)),
    value: decodeBaggageValue(trimSpace(member.slice(equals + 1, valueEnd))),
    properties: semicolon === -1 ? undefined : member.slice(semicolon + 1),
  };
}

/**
 * The text of a member.
 *
 * @param properties the result of {@link validProperties}
 * @returns `undefined` when the key is not a `token`, and can't be sent
 */
export function formatBaggageMember(key: string, value: string, properties: string): string | undefined {
  return isToken(key) ? trimSpace(`${key}=${encodeBaggageValue(value)}${properties}`) : undefined;
}

/**
 * The grammatical properties in `properties`, unchanged, each after a ";". The others are left out: a comma or a line
 * break in one of them would start another member or field.
 */
export function validProperties(properties: string): string {
  let valid = '';
  for (const property of properties.split(';')) {
    const { length } = property;
    if (skipProperty(property, skipSpace(property, 0, length), length) === length) valid += `;${property}`;
  }
  return valid;
}
