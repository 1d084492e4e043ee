import { ApiError } from '../api/errors';
import {
  cancelRequest, changeRequest, enterRequest, getRequest, knownPatient,
  type Priority, type ReadingRequest, type RequestBody,
} from '../api/requests';
import { jstDate } from '../i18n/dates';
import { Store } from './store';

/** The fields of the form, all as text, as they stand in the inputs. */
export interface RequestFields {
  patient_id: string;
  ideographic: string;
  phonetic: string;
  alphabetic: string;
  birth_date: string;
  sex: string;
  modality: string;
  procedure_description: string;
  body_part: string;
  scheduled_date: string;
  scheduled_time: string;
  station_ae_title: string;
  requesting_doctor: string;
  reason: string;
  clinical_history: string;
  priority: Priority;
  accession_number: string;
}

export interface RequestEntryState {
  phase: 'loading' | 'missing' | 'editing' | 'saving' | 'saved';
  fields: RequestFields;
  dirty: boolean;
  /** The request as the hub last told it; null for one that is being entered. */
  known: ReadingRequest | null;
  error: ApiError | null;
  /** The field that the hub refused, by the name of the input. */
  wrong: keyof RequestFields | null;
  /** Somebody else has changed the request: the fields are still those typed here. */
  stale: boolean;
}

const wireNames: Record<string, keyof RequestFields> = {
  'patient.id': 'patient_id',
  'patient.name': 'ideographic',
  'patient.name.ideographic': 'ideographic',
  'patient.name.phonetic': 'phonetic',
  'patient.name.alphabetic': 'alphabetic',
  'patient.birth_date': 'birth_date',
};

export function emptyFields(today: string = jstDate()): RequestFields {
  return {
    patient_id: '', ideographic: '', phonetic: '', alphabetic: '', birth_date: '', sex: '', modality: '',
    procedure_description: '', body_part: '', scheduled_date: today, scheduled_time: '', station_ae_title: '',
    requesting_doctor: '', reason: '', clinical_history: '', priority: 'routine', accession_number: '',
  };
}

export function fieldsOf(one: ReadingRequest): RequestFields {
  const { patient } = one;
  return {
    patient_id: patient.id, ideographic: patient.name.ideographic, phonetic: patient.name.phonetic,
    alphabetic: patient.name.alphabetic, birth_date: patient.birth_date ?? '', sex: patient.sex, modality: one.modality,
    procedure_description: one.procedure_description, body_part: one.body_part, scheduled_date: one.scheduled_date,
    scheduled_time: one.scheduled_time ?? '', station_ae_title: one.station_ae_title, requesting_doctor: one.requesting_doctor,
    reason: one.reason, clinical_history: one.clinical_history, priority: one.priority, accession_number: one.accession_number,
  };
}

export function bodyOf(fields: RequestFields, version: number): RequestBody {
  const { patient_id, ideographic, phonetic, alphabetic, birth_date, sex, scheduled_date, scheduled_time, ...rest } = fields;
  return {
    ...rest,
    patient: {
      id: patient_id,
      name: { alphabetic, ideographic, phonetic },
      birth_date: birth_date || null,
      sex: sex === 'M' || sex === 'F' || sex === 'O' ? sex : '',
    },
    scheduled_date: scheduled_date || null,
    scheduled_time: scheduled_time || null,
    version,
  };
}

/** Which input a refusal of the hub is about. */
export function wrongField(error: ApiError): keyof RequestFields | null {
  if (error.code === 'accession_taken') return 'accession_number';
  if (error.code !== 'wrong_request') return null;
  const field = String(error.details['field'] ?? '');
  return wireNames[field] ?? (field in emptyFields() ? (field as keyof RequestFields) : null);
}

/** One 読影依頼 being entered or changed. */
export class RequestEntry extends Store<RequestEntryState> {
  constructor(private readonly id: string | null) {
    super({ phase: id === null ? 'editing' : 'loading', fields: emptyFields(), dirty: false, known: null, error: null, wrong: null, stale: false });
  }

  async load(): Promise<void> {
    if (this.id === null) return;
    try {
      const known = await getRequest(this.id);
      // What somebody is typing is not written over by what the hub says meanwhile.
      this.patch(this.value.dirty ? { known: { ...known, version: this.value.known?.version ?? known.version } } : { known, fields: fieldsOf(known), phase: 'editing' });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.patch(error.status === 404 ? { phase: 'missing' } : { error, phase: this.value.known ? this.value.phase : 'missing' });
    }
  }

  type(change: Partial<RequestFields>): void {
    this.patch({ fields: { ...this.value.fields, ...change }, dirty: true, phase: 'editing', error: null, wrong: null });
  }

  /** Fill in what the site knows of the patient ID, where nothing has been typed yet. */
  async fillPatient(): Promise<void> {
    const { patient_id } = this.value.fields;
    if (!patient_id.trim()) return;
    try {
      const { patient } = await knownPatient(patient_id.trim());
      const { fields } = this.value;
      if (!patient || fields.patient_id !== patient_id) return;
      if (fields.ideographic || fields.phonetic || fields.alphabetic || fields.birth_date || fields.sex) return;
      this.patch({
        fields: {
          ...fields, ideographic: patient.name.ideographic, phonetic: patient.name.phonetic,
          alphabetic: /^[\x20-\x7e]*$/.test(patient.name.alphabetic) ? patient.name.alphabetic : '',
          birth_date: patient.birth_date ?? '', sex: patient.sex,
        },
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // the form works without it
    }
  }

  /** Returns the request that was saved, or null when the hub refused it. */
  async save(): Promise<ReadingRequest | null> {
    const { fields, known } = this.value;
    this.patch({ phase: 'saving', error: null, wrong: null });
    return this.done(() => (this.id === null ? enterRequest(bodyOf(fields, 0)) : changeRequest(this.id, bodyOf(fields, known?.version ?? 0))));
  }

  async cancel(reason: string): Promise<ReadingRequest | null> {
    const { known } = this.value;
    if (this.id === null || !known) return null;
    const id = this.id;
    this.patch({ phase: 'saving', error: null, wrong: null });
    return this.done(() => cancelRequest(id, reason, known.version));
  }

  private async done(deed: () => Promise<ReadingRequest>): Promise<ReadingRequest | null> {
    try {
      const known = await deed();
      this.patch({ known, fields: fieldsOf(known), phase: 'saved', dirty: false, stale: false });
      return known;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const current = error.details['current'] as ReadingRequest | undefined;
      if (error.code === 'stale_reading_request' && current) this.patch({ phase: 'editing', known: current, stale: true });
      else this.patch({ phase: 'editing', error, wrong: wrongField(error) });
      return null;
    }
  }
}
