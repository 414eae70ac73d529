import type { Handling } from './peers.js';

export type Way = (handling: Handling, error: unknown) => unknown;

export const answersWith: Way = (handling, error) => handling.fail(error);

export const throws: Way = (_, error) => {
  throw error;
};

/** How a handler fails that answers nothing. */
export const UNANSWERED: [string, Way][] = [
  ['throws', throws],
  [
    'is rejected with',
    async (_, error) => {
      throw error;
    },
  ],
  [
    'is rejected later with',
    async (_, error) => {
      await null;
      throw error;
    },
  ],
];

/** How a handler fails, in the words of the application. */
export const WAYS: [string, Way][] = [['answers with', answersWith], ...UNANSWERED];
