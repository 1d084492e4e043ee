import type { PeerService, PeerSettings } from '../api/peers';

/** The settings of a peer as they stand in the form: what was typed, lists one a line, sizes in MB. */
export interface PeerFields {
  aeTitle: string;
  site: string;
  address: string;
  enabled: boolean;
  services: PeerService[];
  networks: string;
  certificate: string;
  contracts: boolean;
  maxAssociations: string;
  maxRate: string;
  quietPeriod: string;
  tls: boolean;
  askCommitment: boolean;
  accepts: string;
  answersIn: string;
  characterSet: string;
  onDifferentContent: 'reject' | 'new-version';
  maxInstance: string;
  coercions: string;
  issuers: string;
}

/** Which field a setting's error belongs to. */
export const fieldOf: Record<string, keyof PeerFields> = {
  ae_title: 'aeTitle',
  site_code: 'site',
  address: 'address',
  enabled: 'enabled',
  services: 'services',
  networks: 'networks',
  certificate: 'certificate',
  contracts: 'contracts',
  max_associations: 'maxAssociations',
  max_rate: 'maxRate',
  quiet_period: 'quietPeriod',
  tls: 'tls',
  ask_commitment: 'askCommitment',
  accepts: 'accepts',
  answers_in: 'answersIn',
  character_set: 'characterSet',
  on_different_content: 'onDifferentContent',
  max_instance: 'maxInstance',
  coercions: 'coercions',
  issuers: 'issuers',
};

/** A new peer may do nothing until something is chosen. */
export const emptyFields = (aeTitle = '', site = ''): PeerFields => ({
  aeTitle, site, address: '', enabled: true, services: [], networks: '', certificate: '', contracts: false, maxAssociations: '',
  maxRate: '', quietPeriod: '', tls: false, askCommitment: false, accepts: '', answersIn: '', characterSet: '', onDifferentContent: 'reject', maxInstance: '',
  coercions: '', issuers: '',
});

const megabyte = 1_000_000;
const shown = (value: number | null, unit = 1): string => (value === null ? '' : String(value / unit));
const lines = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter(Boolean);

export function toFields(aeTitle: string, settings: PeerSettings): PeerFields {
  return {
    aeTitle,
    site: settings.site_code,
    address: settings.address,
    enabled: settings.enabled,
    services: settings.services,
    networks: settings.networks.join('\n'),
    certificate: settings.certificate,
    contracts: settings.contracts,
    maxAssociations: shown(settings.max_associations),
    maxRate: shown(settings.max_rate, megabyte),
    quietPeriod: shown(settings.quiet_period),
    tls: settings.tls,
    askCommitment: settings.ask_commitment,
    accepts: settings.accepts.join('\n'),
    answersIn: settings.answers_in,
    characterSet: settings.character_set,
    onDifferentContent: settings.on_different_content,
    maxInstance: shown(settings.max_instance, megabyte),
    coercions: settings.coercions.join('\n'),
    issuers: settings.issuers.join('\n'),
  };
}

/** The settings that the form says, or the names of the fields that hold no number. */
export function toSettings(fields: PeerFields): PeerSettings | { wrong: (keyof PeerFields)[] } {
  const wrong: (keyof PeerFields)[] = [];
  const number = (field: keyof PeerFields, whole: boolean, unit = 1): number | null => {
    // Full-width digits are what a Japanese keyboard gives first.
    const text = String(fields[field]).normalize('NFKC').trim();
    if (!text) return null;
    const value = Number(text) * unit;
    if (!/^\d+(\.\d+)?$/.test(text) || (whole && unit === 1 && !Number.isInteger(value))) {
      wrong.push(field);
      return null;
    }
    return whole ? Math.round(value) : value;
  };
  const settings: PeerSettings = {
    site_code: fields.site,
    address: fields.address.trim(),
    enabled: fields.enabled,
    services: fields.services,
    networks: lines(fields.networks),
    certificate: fields.certificate.trim(),
    contracts: fields.contracts,
    max_associations: number('maxAssociations', true),
    max_rate: number('maxRate', true, megabyte),
    quiet_period: number('quietPeriod', false),
    tls: fields.tls,
    ask_commitment: fields.askCommitment,
    accepts: lines(fields.accepts),
    answers_in: fields.answersIn.trim(),
    character_set: fields.characterSet.trim(),
    on_different_content: fields.onDifferentContent,
    max_instance: number('maxInstance', true, megabyte),
    coercions: lines(fields.coercions),
    issuers: lines(fields.issuers),
  };
  return wrong.length > 0 ? { wrong } : settings;
}
