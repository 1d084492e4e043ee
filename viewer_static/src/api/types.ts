/** The JSON of the hub's /api, as it comes over the wire. */
export type Role =
  | 'technologist'
  | 'referring_doctor'
  | 'radiologist'
  | 'scheduler'
  | 'secretariat'
  | 'administrator';

export interface Site {
  code: string;
  name: string;
}

export interface Person {
  login: string;
  name: string;
}

export interface Session {
  person: Person & { role: Role; site: Site };
  entitlements: string[];
  demo: boolean;
}

export interface PersonName {
  alphabetic: string;
  ideographic: string;
  phonetic: string;
}

export interface Patient {
  id: string;
  name: PersonName;
  birth_date: string | null;
  sex: '' | 'M' | 'F' | 'O';
}

export type CaseState = 'receiving' | 'unread' | 'reading' | 'read';

export interface Case {
  id: string;
  state: CaseState;
  study_uid: string;
  site: Site;
  patient: Patient;
  modalities: string[];
  body_part: string | null;
  study_description: string | null;
  study_date: string | null;
  study_time: string | null;
  accession_number: string | null;
  referring_physician: string | null;
  series_count: number;
  instance_count: number;
  reason: string;
  clinical_history: string;
  request_version: number;
  reader: Person | null;
  arrived_at: string | null;
  due_date: string | null;
  read_at: string | null;
  report: { id: string; state: ReportState; signed_at: string | null } | null;
  /** Earlier studies of the same patient that the hub holds. */
  prior_count: number;
  /** Some image of the study names another patient; nothing can be signed until the clinic has said who it is. */
  identity_conflict: boolean;
  /** 文字化け疑い: a text of the study was mended, or looks garbled. */
  text_suspect: boolean;
  /** Instances that the study is to have, where a manifest or MPPS says so. */
  expected_count: number | null;
  /** Images that came after the report was signed. */
  images_after_report: number;
  /** 画像差替えあり: images replaced since the case was taken or its report begun. */
  images_replaced: number;
}

export interface Prior {
  study_uid: string;
  study_date: string | null;
  modalities: string[];
  study_description: string | null;
  body_part: string | null;
  site: Site;
  case_id: string | null;
  report_id: string | null;
}

export interface CasePermissions {
  request: boolean;
  claim: boolean;
  release: boolean;
  write_report: boolean;
}

export interface CaseDetail extends Case {
  priors: Prior[];
  viewable: boolean;
  permissions: CasePermissions;
  /** How often an image of the study has been replaced at all. */
  versions_replaced: number;
}

export interface CasePage {
  cases: Case[];
  total: number;
  counts: Record<CaseState, number>;
}

export type ReportState = 'draft' | 'final';
export type DeliveryState = 'delivered' | 'acknowledged' | 'acted_on';

export interface Delivery {
  state: DeliveryState;
  delivered_at: string;
  opened_at: string | null;
  opened_by: Person | null;
  acknowledged_at: string | null;
  acknowledged_by: Person | null;
  acted_on_at: string | null;
  acted_on_by: Person | null;
  action_note: string | null;
}

export interface Report {
  id: string;
  case_id: string;
  study_uid: string;
  state: ReportState;
  revision: number;
  findings: string;
  impression: string;
  author: Person;
  site: Site;
  reading_site: Site | null;
  patient: Patient;
  modalities: string[];
  study_description: string | null;
  study_date: string | null;
  body_part: string | null;
  reason: string;
  saved_at: string | null;
  signed_at: string | null;
  signed_by: Person | null;
  version: number;
  content_sha256: string | null;
  delivery: Delivery | null;
}

export interface ReportPage {
  reports: Report[];
  total: number;
  counts: Record<DeliveryState, number>;
}

export interface BothLanguages {
  ja: string;
  en: string;
}
