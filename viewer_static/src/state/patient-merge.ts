import { ApiError } from '../api/errors';
import * as api from '../api/patients';
import type { Patient, PatientDecision } from '../api/patients';
import { Store } from './store';

export type MergeDeed = { deed: 'merge'; patient: Patient; into: Patient } | { deed: 'unmerge'; patient: Patient };

export interface PatientMergeState {
  query: string;
  /** What was found for the text that was searched last; null before the first search. */
  found: Patient[] | null;
  total: number;
  /** At most two; the first stays the person, the second is to be merged into it. */
  chosen: Patient[];
  /** What was decided about those who are chosen, the newest first, by patient. */
  history: Record<number, PatientDecision[]>;
  error: ApiError | null;
  doing: { deed: MergeDeed; reason: string; error: ApiError | null; busy: boolean } | null;
}

const mostFound = 50;

/** 統合: two patients beside each other, made one person or two again. */
export class PatientMerge extends Store<PatientMergeState> {
  private asked = 0;

  constructor() {
    super({ query: '', found: null, total: 0, chosen: [], history: {}, error: null, doing: null });
  }

  type(query: string): void {
    this.patch({ query });
  }

  /** Look for patients; whoever is chosen stays chosen, as they are by now. */
  async search(): Promise<void> {
    const query = this.value.query.trim();
    if (!query) return;
    const turn = ++this.asked;
    try {
      const { patients, total } = await api.findPatients(query, mostFound);
      if (turn !== this.asked) return;
      const now = new Map(patients.map((one) => [one.patient, one]));
      this.patch({ found: patients, total, error: null, chosen: this.value.chosen.map((one) => now.get(one.patient) ?? one) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (turn === this.asked) this.patch({ error });
    }
  }

  /** Put somebody into the comparison; a third one takes the second's place. */
  async choose(patient: Patient): Promise<void> {
    const others = this.value.chosen.filter((one) => one.patient !== patient.patient);
    this.patch({ chosen: [...others.slice(0, 1), patient] });
    await this.recall(patient.patient);
  }

  leave(patient: Patient): void {
    this.patch({ chosen: this.value.chosen.filter((one) => one.patient !== patient.patient) });
  }

  swap(): void {
    this.patch({ chosen: [...this.value.chosen].reverse() });
  }

  begin(deed: MergeDeed): void {
    this.patch({ doing: { deed, reason: '', error: null, busy: false } });
  }

  enter(reason: string): void {
    const { doing } = this.value;
    if (doing) this.patch({ doing: { ...doing, reason } });
  }

  cancel(): void {
    if (!this.value.doing?.busy) this.patch({ doing: null });
  }

  /** Do it; what the hub refuses stays on the screen with its reason. */
  async send(): Promise<void> {
    const { doing } = this.value;
    if (!doing || doing.busy) return;
    const { deed, reason } = doing;
    this.patch({ doing: { ...doing, busy: true, error: null } });
    try {
      const { patient } = deed;
      await (deed.deed === 'merge' ? api.mergePatients(patient.patient, deed.into.patient, reason) : api.unmergePatient(patient.patient, reason));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.patch({ doing: { ...doing, busy: false, error } });
      return;
    }
    const told = await this.renew();
    this.patch({ doing: null });
    if (told) await Promise.all([this.search(), ...this.value.chosen.map((one) => this.recall(one.patient))]);
  }

  /** Whoever is compared, as the hub knows them now: the search need not find them any more. */
  private async renew(): Promise<boolean> {
    try {
      this.patch({ chosen: await Promise.all(this.value.chosen.map((one) => api.getPatient(one.patient))) });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Nobody is to be merged, or parted, by what was so before.
      this.patch({ chosen: [], error });
      return false;
    }
  }

  private async recall(patient: number): Promise<void> {
    try {
      const { decisions } = await api.patientHistory(patient);
      this.patch({ history: { ...this.value.history, [patient]: decisions } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.patch({ error });
    }
  }
}
