import { css, html, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import type { CaseDetail, Session } from '../api/types';
import { buttonStyles } from '../components/buttons';
import '../components/dk-banner';
import '../components/dk-empty';
import '../components/dk-splitter';
import { t } from '../i18n/texts';
import { CaseRoom } from '../state/case-room';
import { may } from '../state/routes';
import { Viewer } from '../state/viewer';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { receivedOf } from './case-row';
import { errorBanner } from './error-banner';
import { mainName } from './patient-text';
import './patient-banner';
import './prior-list';
import './report-editor';
import type { ReportEditor } from './report-editor';
import './report-panel';
import './request-panel';
import { ViewElement } from './view-element';
import './viewer-panel';
import type { ViewerPanel } from './viewer-panel';

/** The reading room: images beside the report; for the clinic, images beside the request. */
@customElement('dk-case')
export class CaseView extends ViewElement {
  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr);
        height: calc(100dvh - 48px);
        min-height: 520px;
      }
      .problem {
        display: grid;
        justify-items: start;
        align-content: start;
        gap: var(--s-3);
        padding: var(--s-6) var(--s-4);
        max-width: 640px;
        margin: 0 auto;
        width: 100%;
      }
      .problem dk-banner {
        justify-self: stretch;
      }
      .side {
        display: flex;
        flex-direction: column;
        gap: var(--s-3);
        min-height: 0;
        padding: var(--s-3) var(--s-4) 0;
        background: var(--c-surface);
        overflow-y: auto;
      }
      dk-report-editor {
        flex: 1 0 auto;
      }
      dk-report-panel {
        padding-bottom: var(--s-5);
      }
      @media (max-width: 900px) {
        :host {
          height: auto;
        }
        dk-viewer {
          height: min(76dvh, 110vw + 150px);
          min-height: 400px;
        }
        .side {
          padding: var(--s-3) var(--s-3) 0;
        }
      }
    `,
  ];

  @property() caseId = '';
  @property({ attribute: false }) session!: Session;
  @query('dk-report-editor') private readonly editor!: ReportEditor | null;
  @query('dk-viewer') private readonly panel!: ViewerPanel | null;
  private room!: CaseRoom;
  private watch!: Watch<CaseRoom['value']>;
  private stopGuard: (() => void) | undefined;
  private readonly viewer = new Viewer();
  private readonly viewerWatch = new Watch(this, this.viewer);

  override connectedCallback(): void {
    this.room = new CaseRoom(this.caseId);
    this.watch = new Watch(this, this.room);
    super.connectedCallback();
    void this.room.open();
    this.stopGuard = this.viewer.subscribe(() => this.room.imagesAre(this.viewer.value.stranger));
    addEventListener('beforeunload', this.onLeave);
    addEventListener('pagehide', this.onHide);
    addEventListener('pageshow', this.onReturn);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.room.close();
    this.viewer.close();
    this.stopGuard?.();
    removeEventListener('beforeunload', this.onLeave);
    removeEventListener('pagehide', this.onHide);
    removeEventListener('pageshow', this.onReturn);
  }

  override render() {
    const { detail, error, prior } = this.watch.value;
    if (!detail) {
      return html`<h1 class="visually-hidden">${t('case.study')}</h1>
        ${error
          ? html`<div class="problem">
              ${errorBanner(error, error.status === 404 ? undefined : () => void this.room.open())}
              <a class="button" href="/cases">${t('common.back')}</a>
            </div>`
          : null}`;
    }
    document.title = `${mainName(detail.patient)} ${detail.modalities.join(' ')} – 読影 dokuei`;
    return html`
      <dk-patient-banner .detail=${detail} .prior=${prior} .laterality=${this.viewer.currentSeries?.images?.laterality ?? ''}></dk-patient-banner>
      <dk-splitter store="dokuei.split.case" .label=${t('case.splitter')}>
        ${detail.viewable
          ? html`<dk-viewer
              slot="start"
              .viewer=${this.viewer}
              .studyUid=${prior?.study_uid ?? detail.study_uid}
              .patientId=${detail.patient.id}
              .siteCode=${detail.site.code}
              .instances=${prior ? 0 : detail.instance_count}
              .prior=${prior}
              @dk-current=${() => this.room.showPrior(null)}
              @dk-loads=${() => this.room.imagesAreNew()}
              @dk-to-report=${() => this.editor?.begin()}
            ></dk-viewer>`
          : html`<dk-empty slot="start" icon="images" .heading=${t('case.not_viewable')}></dk-empty>`}
        <aside slot="end" class="side" aria-label=${t('report.title')}>${this.side(detail)}</aside>
      </dk-splitter>
    `;
  }

  private side(detail: CaseDetail): TemplateResult {
    const { error, takenBy, report, draft, form, prior } = this.watch.value;
    const clinic = this.session.person.role !== 'radiologist';
    void this.viewerWatch.value;
    return html`
      ${error ? errorBanner(error, () => void this.room.open()) : null}
      ${takenBy
        ? html`<dk-banner kind="warn" data-testid="case-taken" .heading=${t('case.taken_title', { name: takenBy.name })} .text=${t('case.taken_text')}></dk-banner>`
        : null}
      ${detail.identity_conflict
        ? html`<dk-banner kind="danger" data-testid="case-conflict" .heading=${t('case.conflict_title')} .text=${t('case.conflict_text')}>
            ${may(this.session, 'patients.resolve') ? html`<div><a class="button small" href="/patients">${t('case.conflict_link')}</a></div>` : null}
          </dk-banner>`
        : null}
      ${detail.text_suspect
        ? html`<dk-banner kind="warn" data-testid="case-text-suspect" .heading=${t('cases.text_suspect')} .text=${t('cases.text_suspect_title')}></dk-banner>`
        : null}
      ${detail.images_after_report > 0
        ? html`<dk-banner kind="warn" data-testid="case-late-images" .heading=${t('case.late_images_title', { n: detail.images_after_report })} .text=${t('case.late_images_text')}></dk-banner>`
        : null}
      ${detail.images_replaced > 0
        ? html`<dk-banner kind="danger" data-testid="case-replaced" .heading=${`${t('cases.replaced')} (${detail.images_replaced})`} .text=${t(detail.state === 'read' ? 'case.replaced_read' : 'case.replaced_reading')}></dk-banner>`
        : null}
      ${detail.state === 'receiving' ? html`<dk-banner .heading=${[t('case.receiving_title'), receivedOf(detail)].filter(Boolean).join(' ')} .text=${t('case.receiving_text')}></dk-banner>` : null}
      <dk-request .detail=${detail} .form=${form}></dk-request>
      <dk-priors .priors=${detail.priors} .shown=${prior?.study_uid ?? null} @dk-prior=${(event: CustomEvent) => this.room.showPrior(event.detail)}></dk-priors>
      ${draft
        ? keyed(draft, html`<dk-report-editor .draft=${draft} .room=${this.room} .detail=${detail} @dk-leave=${() => this.panel?.begin()}></dk-report-editor>`)
        : html`<dk-report-panel .report=${report?.state === 'draft' && clinic ? null : report} .waiting=${clinic}></dk-report-panel>`}
    `;
  }

  private readonly onHide = (): void => this.room.pageHides();

  private readonly onReturn = (event: PageTransitionEvent): void => {
    if (event.persisted) void this.room.pageReturns();
  };

  private readonly onLeave = (event: BeforeUnloadEvent): void => {
    const state = this.watch.value.draft?.value.state;
    const typing = this.watch.value.form?.value.phase === 'dirty';
    if (typing || state === 'conflict' || state === 'failed') event.preventDefault();
  };
}
