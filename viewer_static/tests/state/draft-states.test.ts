/** Proves the shape of the draft's transition table. */
import { expect, test } from 'vitest';
import { type DraftState, draftTransitions, nextDraftState } from '../../src/state/draft-states';

test('a signed report never changes again', () => {
  expect(draftTransitions.signed).toEqual({});
  expect(nextDraftState('signed', 'typed')).toBe('signed');
});

test('every state but signed can become signed, and a conflict ends only by a choice', () => {
  const states = Object.keys(draftTransitions) as DraftState[];
  expect(states.filter((state) => draftTransitions[state].signed !== 'signed')).toEqual(['signed']);
  expect(nextDraftState('conflict', 'typed')).toBe('conflict');
  expect(nextDraftState('conflict', 'save_started')).toBe('conflict');
});

test('signing starts only from saved text', () => {
  const from = (Object.keys(draftTransitions) as DraftState[]).filter((state) => draftTransitions[state].sign_started);
  expect(from).toEqual(['clean']);
});
