import { isToken, skipSpace, trimSpace } from '../text.js';
import { skipProperty } from './property.js';
import { decodeBaggageValue, encodeBaggageValue } from './value.js';

/** A member of the `baggage` field, decoded. */
export interface BaggageMember {
  readonly key: string;
  readonly value: string;
  /** Its properties as they stand on the wire, without the first ";"; `undefined` when there are none. */
  readonly properties: string | undefined;
}

/** The key of a member that is grammatical. */
export function parseBaggageKey(member: string): string {
  return trimSpace(member.slice(0, member.indexOf('=')));
}

/** Reads a member that is grammatical: `key=value`, and properties after semicolons. */
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
 * Writes a member.
 *
 * @param properties as {@link validProperties} returns them
 * @returns `undefined` when the key is not a token, so that it can't be sent
 */
export function formatBaggageMember(key: string, value: string, properties: string): string | undefined {
  return isToken(key) ? trimSpace(`${key}=${encodeBaggageValue(value)}${properties}`) : undefined;
}

/**
 * The grammatical ones of `properties`, byte for byte, each with its ";". The others are left out: a comma or a line
 * break among them would start another member or field.
 */
export function validProperties(properties: string): string {
  let valid = '';
  for (const property of properties.split(';')) {
    const { length } = property;
    if (skipProperty(property, skipSpace(property, 0, length), length) === length) valid += `;${property}`;
  }
  return valid;
}
