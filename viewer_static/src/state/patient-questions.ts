import { ApiError } from '../api/errors';
import * as api from '../api/patients';
import type { Demographics, PatientQuestion, QuestionPage, QuestionState } from '../api/patients';
import { setPatients } from './badges';
import { poll } from './poll';
import { Store } from './store';

export type Answer =
  | { deed: 'match'; holds: 'known' | 'found' }
  | { deed: 'correct'; right: Demographics }
  | { deed: 'separate' }
  | { deed: 'undo' };

export interface PatientQuestionsState {
  tab: QuestionState;
  page: QuestionPage | null;
  /** The tab that `page` answers. */
  answers: QuestionState | null;
  error: ApiError | null;
  /** The question that is being answered, with what is entered so far; a newer page does not take it away. */
  answering: { question: PatientQuestion; answer: Answer; reason: string; error: ApiError | null; busy: boolean } | null;
}

const pageSize = 50;

/** 患者の確認: studies whose patient a human must decide about. */
export class PatientQuestions extends Store<PatientQuestionsState> {
  private limit = pageSize;
  private stopPolling: (() => void) | undefined;
  private asked = 0;

  constructor() {
    super({ tab: 'open', page: null, answers: null, error: null, answering: null });
  }

  start(): void {
    this.stopPolling = poll(() => this.refresh(), 10_000);
  }

  stop(): void {
    this.stopPolling?.();
  }

  show(tab: QuestionState): void {
    this.limit = pageSize;
    this.patch({ tab });
    void this.refresh();
  }

  more(): void {
    this.limit += pageSize;
    void this.refresh();
  }

  async refresh(): Promise<void> {
    const turn = ++this.asked;
    const { tab } = this.value;
    try {
      const page = await api.listQuestions({ state: tab, limit: this.limit });
      if (turn !== this.asked) return;
      setPatients(page.open);
      const unchanged = JSON.stringify(page) === JSON.stringify(this.value.page);
      this.patch({ page: unchanged ? this.value.page : page, answers: tab, error: null });
    } catch (error) {
      if (turn === this.asked && error instanceof ApiError && error.status !== 401) this.patch({ error });
    }
  }

  begin(question: PatientQuestion, answer: Answer): void {
    this.patch({ answering: { question, answer, reason: '', error: null, busy: false } });
  }

  /** Take over what was typed. */
  enter(change: { reason?: string; right?: Partial<Demographics> }): void {
    const { answering } = this.value;
    if (!answering) return;
    const { answer } = answering;
    this.patch({
      answering: {
        ...answering,
        ...(change.reason === undefined ? {} : { reason: change.reason }),
        answer: change.right && answer.deed === 'correct' ? { ...answer, right: { ...answer.right, ...change.right } } : answer,
      },
    });
  }

  cancel(): void {
    if (!this.value.answering?.busy) this.patch({ answering: null });
  }

  /** Send the answer; what the hub refuses stays on the screen with its reason. */
  async send(): Promise<void> {
    const { answering } = this.value;
    if (!answering || answering.busy) return;
    this.patch({ answering: { ...answering, busy: true, error: null } });
    try {
      await this.deliver(answering.question, answering.answer, answering.reason);
      this.patch({ answering: null });
      await this.refresh();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.patch({ answering: { ...answering, busy: false, error } });
    }
  }

  private deliver(question: PatientQuestion, answer: Answer, reason: string): Promise<unknown> {
    const { study_uid } = question.study;
    switch (answer.deed) {
      case 'match':
        return api.matchPatient(question.id, answer.holds, reason);
      case 'correct':
        return api.correctPatient(study_uid, { ...answer.right, birth_date: answer.right.birth_date || null }, reason);
      case 'separate':
        return api.separatePatient(study_uid, reason);
      case 'undo':
        return api.undoDecision(question.decision?.number ?? 0, reason);
    }
  }
}
