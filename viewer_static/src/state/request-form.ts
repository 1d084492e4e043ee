import { saveRequest } from '../api/cases';
import { ApiError } from '../api/errors';
import type { Case } from '../api/types';
import { Store } from './store';

export interface RequestFormState {
  reason: string;
  clinicalHistory: string;
  version: number;
  phase: 'clean' | 'dirty' | 'saving' | 'saved';
  error: ApiError | null;
  /** The newer request that a save ran into. */
  current: Pick<Case, 'reason' | 'clinical_history'> | null;
}

/** 検査目的 and 臨床情報 as the clinic's doctor writes them. */
export class RequestForm extends Store<RequestFormState> {
  constructor(private readonly caseId: string, from: Case) {
    super({ reason: from.reason, clinicalHistory: from.clinical_history, version: from.request_version, phase: 'clean', error: null, current: null });
  }

  type(change: { reason?: string; clinicalHistory?: string }): void {
    this.patch({ ...change, phase: 'dirty', error: null });
  }

  /** A newer case from the hub: taken over only while nothing typed would be lost. */
  follow(from: Case): void {
    if (this.value.phase === 'dirty' || this.value.phase === 'saving' || from.request_version === this.value.version) return;
    this.patch({ reason: from.reason, clinicalHistory: from.clinical_history, version: from.request_version });
  }

  async save(): Promise<void> {
    const { reason, clinicalHistory, version } = this.value;
    this.patch({ phase: 'saving', error: null });
    try {
      const saved = await saveRequest(this.caseId, { reason, clinical_history: clinicalHistory, version });
      const typedOn = this.value.reason !== reason || this.value.clinicalHistory !== clinicalHistory;
      this.patch({ phase: typedOn ? 'dirty' : 'saved', version: saved.request_version, current: null });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const current = error.details['current'] as Case | undefined;
      if (error.code === 'stale_request' && current) this.patch({ phase: 'dirty', version: current.request_version, current });
      else this.patch({ phase: 'dirty', error });
    }
  }
}
