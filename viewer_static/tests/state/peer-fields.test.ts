/** Proves that the form says what it shows, and that a new peer may do nothing until something is chosen. */
import { expect, test } from 'vitest';
import type { PeerSettings } from '../../src/api/peers';
import { emptyFields, fieldOf, toFields, toSettings } from '../../src/state/peer-fields';

const settings: PeerSettings = {
  site_code: 'CHUO', address: '192.0.2.10:104', enabled: false, services: ['find', 'move'], networks: ['10.0.0.0/24', 'fd00::1/128'],
  certificate: 'ab'.repeat(32), contracts: true, max_associations: 4, max_rate: 12_500_000, quiet_period: 7.5, tls: true, ask_commitment: true,
  accepts: ['1.2.840.10008.1.2.1'], answers_in: 'ISO_IR 100', character_set: '\\ISO 2022 IR 87', on_different_content: 'new-version', max_instance: 2 ** 30 + 1,
  coercions: ['PatientID: prefix "X"', 'out StudyID: clear'], issuers: ['KEN=MINATO'],
};

test('what is shown is what is saved', () => {
  expect(toSettings(toFields('CHUO_PACS', settings))).toEqual(settings);
});

test('a new peer may do nothing', () => {
  const made = toSettings(emptyFields('NEW', 'CHUO')) as PeerSettings;
  expect(made.services).toEqual([]);
  expect([made.contracts, made.tls, made.max_rate, made.networks]).toEqual([false, false, null, []]);
});

test('full-width digits are digits, and anything else is named', () => {
  const fields = { ...toFields('X', settings), maxAssociations: '８', maxRate: '１．５', quietPeriod: 'x', maxInstance: '-1' };
  expect(toSettings(fields)).toEqual({ wrong: ['quietPeriod', 'maxInstance'] });
  expect(toSettings({ ...fields, quietPeriod: '', maxInstance: '' })).toMatchObject({ max_associations: 8, max_rate: 1_500_000, quiet_period: null });
  expect(toSettings({ ...fields, maxAssociations: '1.5' })).toMatchObject({ wrong: ['maxAssociations', 'quietPeriod', 'maxInstance'] });
});

test('empty lines are nothing', () => {
  expect(toSettings({ ...toFields('X', settings), networks: '\n 10.1.2.3 \n\n', coercions: '' })).toMatchObject({ networks: ['10.1.2.3'], coercions: [] });
});

test('every setting has its field', () => {
  expect(Object.keys(settings).filter((name) => !(name in fieldOf))).toEqual([]);
});
