import { ApiError } from '../api/errors';
import { listPeers, type Peer, type PeerPage } from '../api/peers';
import { poll } from './poll';
import { Store } from './store';

export interface PeerListState {
  page: PeerPage | null;
  q: string;
  error: ApiError | null;
}

/** Whether a peer was turned away and has not got in since. */
export const refusedSince = (one: Peer): boolean => one.refused !== null && (one.last_seen === null || one.refused.last_at > one.last_seen.at);

/** The peers of the region, read again while the page is open. */
export class PeerList extends Store<PeerListState> {
  private stopPolling: (() => void) | undefined;

  constructor() {
    super({ page: null, q: '', error: null });
  }

  start(): void {
    this.stopPolling = poll(() => this.refresh(), 10_000);
  }

  stop(): void {
    this.stopPolling?.();
  }

  search(q: string): void {
    this.patch({ q });
  }

  /** The peers that the search finds: by AE title, site or address. */
  get found(): Peer[] {
    const { page, q } = this.value;
    const wanted = q.normalize('NFKC').toLowerCase();
    return (page?.peers ?? []).filter((one) =>
      [one.ae_title, one.site.code, one.site.name, one.settings.address].some((text) => text.normalize('NFKC').toLowerCase().includes(wanted)),
    );
  }

  async refresh(): Promise<void> {
    try {
      const page = await listPeers();
      const unchanged = JSON.stringify(page) === JSON.stringify(this.value.page);
      this.patch({ page: unchanged ? this.value.page : page, error: null });
    } catch (error) {
      if (error instanceof ApiError && error.status !== 401) this.patch({ error });
    }
  }
}
