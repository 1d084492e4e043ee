import { css, html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { Session } from '../api/types';
import { buttonStyles } from '../components/buttons';
import '../components/dk-icon';
import { locale, t } from '../i18n/texts';
import { badges, startBadges } from '../state/badges';
import { navigate, route } from '../state/router';
import { allowed, landing, may, type Route } from '../state/routes';
import { restoreSession, session, signOut } from '../state/session';
import { chooseTheme, theme } from '../state/theme';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { brandMark } from './brand-mark';
import { errorBanner } from './error-banner';
import { languageSwitch } from './language-switch';
import './login-view';
import { ViewElement } from './view-element';

/** Pages are fetched when they are first opened; the first screen stays small. */
const pages: Partial<Record<Route['page'], () => Promise<unknown>>> = {
  cases: () => import('./cases-view'),
  case: () => import('./case-view'),
  reports: () => import('./reports-view'),
  report: () => import('./report-view'),
  patients: () => import('./patients-view'),
  requests: () => import('./requests-view'),
  request: () => import('./request-entry-view'),
  peers: () => import('./peers-view'),
  peer: () => import('./peer-view'),
  components: () => import('./components-view'),
};

/** The frame of the application: header, navigation, and the page for the address. */
@customElement('dk-app')
export class AppView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: block;
        min-height: 100dvh;
      }
      .skip {
        position: absolute;
        left: var(--s-2);
        top: -60px;
        z-index: 10;
      }
      .skip:focus {
        top: var(--s-1);
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--s-2);
        height: 48px;
        padding: 0 var(--s-4);
        border-bottom: 1px solid var(--c-line);
        background: var(--c-surface);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: var(--s-2);
        margin-right: var(--s-4);
        color: inherit;
        text-decoration: none;
        font-weight: var(--w-bold);
        font-size: var(--f-large);
        letter-spacing: 0.08em;
      }
      .brand svg {
        width: 24px;
        height: 24px;
      }
      nav {
        display: flex;
        gap: var(--s-1);
        flex: 1;
        align-self: stretch;
      }
      nav a {
        display: flex;
        align-items: center;
        gap: var(--s-2);
        padding: 2px var(--s-3) 0;
        border-bottom: 2px solid transparent;
        color: var(--c-text-soft);
        font-weight: var(--w-medium);
        text-decoration: none;
        white-space: nowrap;
      }
      nav a:hover {
        color: var(--c-text);
      }
      nav a[aria-current='page'] {
        color: var(--c-text);
        border-color: var(--c-accent);
      }
      nav a:focus-visible {
        outline-offset: -3px;
      }
      .count {
        min-width: 1.7em;
        padding: 0 0.45em;
        border-radius: 999px;
        background: var(--c-unread-bg);
        color: var(--c-unread-text);
        font-size: var(--f-mini);
        font-weight: var(--w-bold);
        line-height: 1.6;
        text-align: center;
      }
      .who {
        display: flex;
        align-items: baseline;
        gap: var(--s-2);
        padding: 0 var(--s-2);
        white-space: nowrap;
      }
      .who small {
        color: var(--c-text-soft);
        font-size: var(--f-mini);
      }
      .demo {
        padding: 0 var(--s-2);
        border: 1px solid var(--c-line-strong);
        border-radius: var(--r-1);
        color: var(--c-text-soft);
        font-size: var(--f-mini);
      }
      main {
        display: block;
        min-height: calc(100dvh - 48px);
      }
      main:focus {
        outline: none;
      }
      .problem {
        max-width: 560px;
        margin: 15vh auto;
        padding: var(--s-4);
      }
      @media (max-width: 900px) {
        .who,
        .demo {
          display: none;
        }
      }
      @media (max-width: 640px) {
        header {
          height: auto;
          flex-wrap: wrap;
          padding: 0 var(--s-2);
          gap: 0;
        }
        .brand {
          flex: 1;
          min-height: 44px;
          margin: 0;
        }
        nav {
          order: 5;
          flex: 1 0 100%;
          min-height: 44px;
          overflow-x: auto;
          scrollbar-width: none;
        }
        .words {
          display: none;
        }
        .logout {
          padding: 0;
          width: 44px;
        }
      }
    `,
  ];

  private readonly session = new Watch(this, session);
  private readonly route = new Watch(this, route);
  private readonly badges = new Watch(this, badges);
  private readonly theme = new Watch(this, theme);
  private stopBadges: (() => void) | undefined;
  private readonly ready = new Set<string>();

  override connectedCallback(): void {
    super.connectedCallback();
    void restoreSession();
  }

  override updated(): void {
    const inside = this.session.value.status === 'signed_in';
    if (inside) this.stopBadges ??= startBadges();
    else {
      this.stopBadges?.();
      this.stopBadges = undefined;
    }
    document.documentElement.lang = locale();
    document.title = this.title_();
  }

  override render() {
    const now = this.session.value;
    const at = this.route.value;
    if (at.page === 'components') return html`<main>${this.lazy('components', html`<dk-components></dk-components>`)}</main>`;
    if (at.page === 'login') return now.status === 'unknown' ? null : html`<dk-login></dk-login>`;
    if (now.status === 'failed') return html`<main class="problem">${errorBanner(now.error, () => void restoreSession())}</main>`;
    if (now.status !== 'signed_in') return null;
    return html`
      ${this.header(now.session)}
      <main id="main" tabindex="-1">${keyed(location.pathname, this.page(at, now.session))}</main>
    `;
  }

  private header(who: Session): TemplateResult {
    const { unread, unacknowledged, patients } = this.badges.value;
    const dark = this.theme.value === 'dark';
    return html`<header>
      <button class="skip button" @click=${this.skip}>${t('app.skip')}</button>
      <a class="brand" href=${landing(who)}>${brandMark}<span>${t('app.name')}</span></a>
      <nav aria-label=${t('app.main_navigation')}>
        ${may(who, 'reports.inbox') ? this.link('/reports', t('nav.reports'), unacknowledged, 'nav.unacknowledged') : null}
        ${may(who, 'cases.list') ? this.link('/cases', t('nav.cases'), may(who, 'cases.read') ? unread : null, 'nav.unread') : null}
        ${may(who, 'requests.list') ? this.link('/requests', t('nav.requests'), null, 'nav.unread') : null}
        ${may(who, 'patients.resolve') ? this.link('/patients', t('nav.patients'), patients, 'nav.patients_open') : null}
        ${may(who, 'administration') ? this.link('/peers', t('nav.peers'), null, 'nav.unread') : null}
        ${landing(who) === '/' ? this.link('/', t('nav.home'), null, 'nav.unread') : null}
      </nav>
      ${who.demo ? html`<span class="demo">${t('nav.demo')}</span>` : null}
      <span class="who"><span>${who.person.name}</span><small>${t(`role.${who.person.role}`)} · ${who.person.site.name}</small></span>
      ${languageSwitch()}
      <button class="button quiet small icon" aria-label=${t(dark ? 'nav.theme_light' : 'nav.theme_dark')} title=${t(dark ? 'nav.theme_light' : 'nav.theme_dark')} @click=${() => chooseTheme(dark ? 'light' : 'dark')}>
        <dk-icon .name=${dark ? 'sun' : 'moon'}></dk-icon>
      </button>
      <button class="button quiet small logout" data-testid="logout" aria-label=${t('nav.logout')} @click=${() => void signOut()}>
        <dk-icon name="leave"></dk-icon><span class="words">${t('nav.logout')}</span>
      </button>
    </header>`;
  }

  private link(path: string, label: string, count: number | null, countKey: 'nav.unread' | 'nav.unacknowledged' | 'nav.patients_open'): TemplateResult {
    const here = path === '/' ? location.pathname === '/' : location.pathname.startsWith(path);
    return html`<a href=${path} aria-current=${here ? 'page' : 'false'}>
      ${label}${count ? html`<span class="count num" title=${t(countKey, { n: count })}><span aria-hidden="true">${count}</span><span class="visually-hidden">${t(countKey, { n: count })}</span></span>` : null}
    </a>`;
  }

  private page(at: Route, who: Session): TemplateResult | null {
    if (!allowed(at, who)) return this.notFound();
    switch (at.page) {
      case 'home':
        if (landing(who) !== '/') {
          queueMicrotask(() => navigate(landing(who), { replace: true }));
          return null;
        }
        void import('./home-view');
        return html`<dk-home .session=${who}></dk-home>`;
      case 'cases':
        return this.lazy('cases', html`<dk-cases .session=${who}></dk-cases>`);
      case 'case':
        return this.lazy('case', html`<dk-case .caseId=${at.id} .session=${who}></dk-case>`);
      case 'reports':
        return this.lazy('reports', html`<dk-reports></dk-reports>`);
      case 'report':
        return this.lazy('report', html`<dk-report .reportId=${at.id} .session=${who}></dk-report>`);
      case 'patients':
        return this.lazy('patients', html`<dk-patients></dk-patients>`);
      case 'requests':
        return this.lazy('requests', html`<dk-requests .session=${who}></dk-requests>`);
      case 'request':
        return this.lazy('request', html`<dk-request-entry .requestId=${at.id}></dk-request-entry>`);
      case 'peers':
        return this.lazy('peers', html`<dk-peers></dk-peers>`);
      case 'peer':
        return this.lazy('peer', html`<dk-peer .aeTitle=${at.aeTitle}></dk-peer>`);
      default:
        return this.notFound();
    }
  }

  private notFound(): TemplateResult {
    void import('./not-found-view');
    return html`<dk-not-found></dk-not-found>`;
  }

  /** Draw `content` once its page is here; the frame around it is there at once. */
  private lazy(page: Route['page'], content: TemplateResult): TemplateResult | null {
    if (this.ready.has(page)) return content;
    void pages[page]?.().then(() => {
      this.ready.add(page);
      this.requestUpdate();
    });
    return null;
  }

  private title_(): string {
    const names: Partial<Record<Route['page'], string>> = {
      login: t('login.title'),
      cases: t('cases.title'),
      reports: t('reports.title'),
      report: t('report.title'),
      patients: t('patients.title'),
      requests: t('requests.title'),
      request: t('requests.title'),
      peers: t('peers.title'),
      peer: t('peers.title'),
      components: t('components.title'),
    };
    const name = names[this.route.value.page];
    return name ? `${name} – 読影 dokuei` : '読影 dokuei';
  }

  private skip(): void {
    this.renderRoot.querySelector<HTMLElement>('#main')?.focus();
  }
}
