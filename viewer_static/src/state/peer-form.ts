import { ApiError } from '../api/errors';
import { addPeer, changePeer, listPeers, peerHistory, peerServices, removePeer, tryPeer, type EchoResult, type Peer, type PeerChange } from '../api/peers';
import type { Site } from '../api/types';
import { emptyFields, fieldOf, toFields, toSettings, type PeerFields } from './peer-fields';
import { Store } from './store';

export interface PeerFormState {
  /** `missing`: no peer has this AE title. */
  phase: 'loading' | 'ready' | 'saving' | 'saved' | 'missing';
  peer: Peer | null;
  sites: Site[];
  ourAeTitle: string;
  fields: PeerFields;
  dirty: boolean;
  error: ApiError | null;
  /** Fields that hold something wrong. */
  wrong: (keyof PeerFields)[];
  echo: EchoResult | 'running' | null;
  history: PeerChange[] | null;
}

/** Every service, in the order in which the form offers them. */
export const services = peerServices;

/** One peer being looked at, changed or newly registered. */
export class PeerForm extends Store<PeerFormState> {
  constructor(private readonly aeTitle: string | null, suggested = '') {
    super({
      phase: 'loading', peer: null, sites: [], ourAeTitle: '', fields: emptyFields(suggested), dirty: false, error: null, wrong: [], echo: null, history: null,
    });
  }

  get isNew(): boolean {
    return this.aeTitle === null;
  }

  async load(): Promise<void> {
    try {
      const { peers, sites, our_ae_title: ourAeTitle } = await listPeers();
      if (this.aeTitle === null) {
        this.patch({ phase: 'ready', sites, ourAeTitle, error: null });
        return;
      }
      const peer = peers.find((one) => one.ae_title === this.aeTitle) ?? null;
      if (peer === null) this.patch({ phase: 'missing', sites });
      else this.patch({ sites, ourAeTitle, ...clean(peer), phase: 'ready' });
      this.patch({ history: (await peerHistory(this.aeTitle)).changes });
    } catch (error) {
      this.fail(error);
    }
  }

  type(change: Partial<PeerFields>): void {
    const touched = Object.keys(change) as (keyof PeerFields)[];
    this.patch({
      fields: { ...this.value.fields, ...change },
      dirty: true,
      phase: this.value.phase === 'saved' ? 'ready' : this.value.phase,
      wrong: this.value.wrong.filter((field) => !touched.includes(field)),
    });
  }

  /** Save what stands in the form; returns the peer, or null if something is wrong with it. */
  async save(): Promise<Peer | null> {
    const { fields, peer } = this.value;
    const settings = toSettings(fields);
    const empty: (keyof PeerFields)[] = [...(fields.aeTitle.trim() ? [] : ['aeTitle' as const]), ...(fields.site ? [] : ['site' as const])];
    if ('wrong' in settings || empty.length > 0) {
      this.patch({ wrong: [...empty, ...('wrong' in settings ? settings.wrong : [])], error: null });
      return null;
    }
    this.patch({ phase: 'saving', error: null, wrong: [] });
    try {
      const saved = peer ? await changePeer(peer.ae_title, peer.revision, settings) : await addPeer(fields.aeTitle.trim(), settings);
      this.patch({ ...clean(saved), phase: 'saved', echo: null });
      this.patch({ history: (await peerHistory(saved.ae_title)).changes });
      return saved;
    } catch (error) {
      this.fail(error);
      return null;
    }
  }

  /** True once the peer is gone. */
  async remove(): Promise<boolean> {
    if (!this.value.peer) return false;
    try {
      await removePeer(this.value.peer.ae_title);
      this.patch({ dirty: false });
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  async tryOut(): Promise<void> {
    if (!this.value.peer || this.value.echo === 'running') return;
    this.patch({ echo: 'running' });
    try {
      this.patch({ echo: await tryPeer(this.value.peer.ae_title) });
    } catch (error) {
      this.patch({ echo: null });
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) return;
    const codes: Record<string, keyof PeerFields> = { wrong_ae_title: 'aeTitle', peer_known: 'aeTitle', no_such_site: 'site' };
    const field = codes[error.code] ?? fieldOf[String(error.details['field'])];
    this.patch({ error, phase: this.value.phase === 'loading' ? 'loading' : 'ready', wrong: field ? [field] : [] });
  }
}

const clean = (peer: Peer): Pick<PeerFormState, 'peer' | 'fields' | 'dirty' | 'error' | 'wrong'> => ({
  peer, fields: toFields(peer.ae_title, peer.settings), dirty: false, error: null, wrong: [],
});
