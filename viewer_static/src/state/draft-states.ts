/** Where the text of a report draft stands between the keyboard and the hub. */
export type DraftState = 'clean' | 'dirty' | 'saving' | 'typing_while_saving' | 'failed' | 'conflict' | 'signing' | 'signed';

export type DraftEvent =
  | 'typed'
  | 'save_started'
  | 'saved'
  | 'save_failed'
  | 'conflict_found'
  | 'took_mine'
  | 'took_theirs'
  | 'sign_started'
  | 'sign_failed'
  | 'signed';

/** Every move there is; an event without an entry leaves the state as it was. */
export const draftTransitions: Record<DraftState, Partial<Record<DraftEvent, DraftState>>> = {
  clean: { typed: 'dirty', conflict_found: 'conflict', sign_started: 'signing', signed: 'signed' },
  dirty: { typed: 'dirty', save_started: 'saving', conflict_found: 'conflict', signed: 'signed' },
  saving: { typed: 'typing_while_saving', saved: 'clean', save_failed: 'failed', conflict_found: 'conflict', signed: 'signed' },
  typing_while_saving: { typed: 'typing_while_saving', saved: 'dirty', save_failed: 'failed', conflict_found: 'conflict', signed: 'signed' },
  failed: { typed: 'dirty', save_started: 'saving', conflict_found: 'conflict', signed: 'signed' },
  conflict: { typed: 'conflict', took_mine: 'dirty', took_theirs: 'clean', signed: 'signed' },
  signing: { sign_failed: 'clean', conflict_found: 'conflict', signed: 'signed' },
  signed: {},
};

export const nextDraftState = (state: DraftState, event: DraftEvent): DraftState => draftTransitions[state][event] ?? state;
