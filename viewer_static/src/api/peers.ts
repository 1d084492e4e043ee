import { request } from './client';
import type { BothLanguages, Site } from './types';

export const peerServices = ['store', 'find', 'move', 'get', 'commitment', 'worklist', 'mpps'] as const;
export type PeerService = (typeof peerServices)[number];
export type RefusalReason = 'unknown' | 'disabled' | 'network' | 'certificate' | 'called' | 'limit' | 'other';

/** Every setting of a peer; sizes in bytes, times in seconds, null and empty for none. */
export interface PeerSettings {
  site_code: string;
  address: string;
  enabled: boolean;
  services: PeerService[];
  networks: string[];
  certificate: string;
  contracts: boolean;
  max_associations: number | null;
  max_rate: number | null;
  quiet_period: number | null;
  tls: boolean;
  ask_commitment: boolean;
  accepts: string[];
  answers_in: string;
  character_set: string;
  on_different_content: 'reject' | 'new-version';
  max_instance: number | null;
  coercions: string[];
  issuers: string[];
}

export interface Refused {
  ae_title: string;
  count: number;
  last_at: string;
  why: RefusalReason;
  reason: string;
  host: string;
}

export interface Peer {
  ae_title: string;
  site: Site;
  settings: PeerSettings;
  reads_for: Site[];
  revision: number;
  added_at: string | null;
  last_seen: { at: string; host: string } | null;
  refused: Refused | null;
}

export interface PeerPage {
  peers: Peer[];
  strangers: Refused[];
  sites: Site[];
  our_ae_title: string;
}

export interface PeerChange {
  at: string;
  actor: string;
  deed: 'add' | 'change' | 'remove';
  changes: { name: keyof PeerSettings; before: unknown; after: unknown }[];
}

export interface EchoResult {
  well: boolean;
  kind: string;
  told: BothLanguages;
  next_step: BothLanguages;
  detail: string;
  reply_ms: number | null;
}

const one = (aeTitle: string): string => `/api/peers/${encodeURIComponent(aeTitle)}`;

export const listPeers = (): Promise<PeerPage> => request('GET', '/api/peers');
export const addPeer = (ae_title: string, settings: PeerSettings): Promise<Peer> => request('POST', '/api/peers', { ae_title, settings });
export const changePeer = (aeTitle: string, revision: number, settings: PeerSettings): Promise<Peer> =>
  request('PUT', one(aeTitle), { revision, settings });
export const removePeer = (aeTitle: string): Promise<void> => request('DELETE', one(aeTitle));
export const peerHistory = (aeTitle: string): Promise<{ changes: PeerChange[] }> => request('GET', `${one(aeTitle)}/history`);
export const tryPeer = (aeTitle: string): Promise<EchoResult> => request('POST', `${one(aeTitle)}/echo`);
