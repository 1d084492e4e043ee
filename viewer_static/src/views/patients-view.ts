import { html, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Demographics, PatientQuestion, QuestionState, Sex } from '../api/patients';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-dialog';
import '../components/dk-empty';
import { fieldStyles } from '../components/fields';
import { tabStyles } from '../components/tabs';
import { jstDateTime } from '../i18n/dates';
import { t, type Key } from '../i18n/texts';
import { PatientQuestions, type Answer } from '../state/patient-questions';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { aboutText, comparedRows } from './patients-compare';
import './patients-merge';
import { patientsStyles } from './patients-styles';
import { ViewElement } from './view-element';

const tabs: QuestionState[] = ['open', 'resolved'];
type Shown = 'questions' | 'merge';
const undoable = ['match', 'correct', 'separate'];
const sexes: Sex[] = ['', 'M', 'F', 'O'];

const wordOf = (answer: Answer): 'match_known' | 'match_found' | 'correct' | 'separate' | 'undo' =>
  answer.deed === 'match' ? `match_${answer.holds}` : answer.deed;

/** 患者の確認: whose a study is, decided by somebody who can look into the chart. */
@customElement('dk-patients')
export class PatientsView extends ViewElement {
  static override styles = [baseStyles, buttonStyles, badgeStyles, fieldStyles, tabStyles, patientsStyles];

  @state() private shown: Shown = 'questions';

  private readonly questions = new PatientQuestions();
  private readonly watch = new Watch(this, this.questions);

  override connectedCallback(): void {
    super.connectedCallback();
    this.questions.start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.questions.stop();
  }

  override render() {
    const { tab, page } = this.watch.value;
    return html`
      <div class="bar">
        <h1>${t('patients.title')}</h1>
        <div class="tabs" role="group" aria-label=${t('patients.tabs')}>
          ${tabs.map(
            (one) => html`<button class="tab" data-testid="patients-tab-${one}" aria-pressed=${this.shown === 'questions' && one === tab} @click=${() => this.show(one)}>
              ${t(`patients.${one}`)} ${one === 'open' && page ? html`<span class="count">${page.open}</span>` : null}
            </button>`,
          )}
          <button class="tab" data-testid="patients-tab-merge" aria-pressed=${this.shown === 'merge'} @click=${() => { this.shown = 'merge'; }}>${t('patients.merge')}</button>
        </div>
      </div>
      ${this.shown === 'merge' ? html`<dk-patients-merge></dk-patients-merge>` : this.asked()}
    `;
  }

  private show(tab: QuestionState): void {
    this.shown = 'questions';
    this.questions.show(tab);
  }

  private asked(): TemplateResult {
    const { tab, page, answers, error } = this.watch.value;
    return html`<p class="lead">${t('patients.lead')}</p>
      ${error ? errorBanner(error, () => void this.questions.refresh()) : null}
      ${page && answers === tab ? this.list(page.questions, page.total, tab) : null} ${this.dialog()}
    `;
  }

  private list(questions: PatientQuestion[], total: number, tab: QuestionState): TemplateResult {
    if (questions.length === 0) {
      return html`<dk-empty icon="done" .heading=${t(tab === 'open' ? 'patients.empty' : 'patients.empty_resolved')}></dk-empty>`;
    }
    return html`${repeat(questions, (one) => one.id, (one) => this.card(one))}
      <div class="foot">
        ${total > questions.length ? html`<button class="button" @click=${() => this.questions.more()}>${t('cases.more')}</button>` : null}
      </div>`;
  }

  private card(one: PatientQuestion): TemplateResult {
    const { study } = one;
    const images = one.about === 'images';
    return html`<article data-testid="patient-question" data-study=${study.study_uid}>
      <h2>${aboutText(one)}</h2>
      <div class="small num">
        ${one.site.name}　${study.study_date ?? '—'}　${study.modalities.join(' ')}　${study.study_description}　${study.accession_number}　${jstDateTime(one.asked_at)}
      </div>
      ${study.issuer_of_patient_id ? html`<div class="small">${t('patients.issuer', { issuer: study.issuer_of_patient_id })}</div>` : null}
      <table>
        <thead>
          <tr>
            <th scope="col">${t('patients.item')}</th>
            <th scope="col">
              ${t(images ? 'patients.known_images' : 'patients.known')}
              ${images ? null : html`<span class="small num">${t('patients.known_studies', { n: one.known_studies })}</span>`}
            </th>
            <th scope="col">${t(images ? 'patients.found_images' : 'patients.found')}</th>
          </tr>
        </thead>
        <tbody>
          ${comparedRows(one).map(
            (row) => html`<tr class=${row.differs ? 'differs' : ''}>
              <th scope="row">${t(row.label)}${row.differs ? html`<span class="mark">${t('patients.differs')}</span>` : null}</th>
              <td>${row.known || '—'}</td>
              <td>${row.found || '—'}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      ${one.state === 'open' ? this.deeds(one) : this.decided(one)}
    </article>`;
  }

  private deeds(one: PatientQuestion): TemplateResult {
    const answers: Answer[] = [
      { deed: 'match', holds: 'known' },
      { deed: 'match', holds: 'found' },
      { deed: 'correct', right: one.found },
      { deed: 'separate' },
    ];
    return html`<div class="deeds">
      ${answers.map(
        (answer) => html`<button class="button" data-testid="patient-${wordOf(answer)}" @click=${() => this.questions.begin(one, answer)}>
          ${t(`patients.${wordOf(answer)}`)}
        </button>`,
      )}
    </div>`;
  }

  private decided(one: PatientQuestion): TemplateResult | null {
    const { decision } = one;
    if (!decision) return null;
    return html`<div class="deeds">
      <span class="badge plain">${t(`patients.decided_${decision.kind}`)}</span>
      <span class="small num">${t('patients.decided_by', { at: jstDateTime(decision.at), name: decision.actor_name })}</span>
      <span>${decision.reason}</span>
      ${undoable.includes(decision.kind) && !decision.undone
        ? html`<button class="button small" data-testid="patient-undo" @click=${() => this.questions.begin(one, { deed: 'undo' })}>${t('patients.undo')}</button>`
        : null}
    </div>`;
  }

  private dialog(): TemplateResult {
    const { answering } = this.watch.value;
    const word = answering ? wordOf(answering.answer) : 'undo';
    return html`<dk-dialog .open=${answering !== null} .heading=${t(`patients.${word}`)} @dk-close=${() => this.questions.cancel()}>
      ${answering
        ? html`<form @submit=${this.submit}>
            <p class="prose">${t(`patients.${word}_text`)}</p>
            ${answering.error ? errorBanner(answering.error) : null}
            <div class="fields">
              ${answering.answer.deed === 'correct' ? this.fields(answering.answer.right) : null}
              <div class="field">
                <label for="reason">${t('patients.reason')}</label>
                <textarea id="reason" class="input" data-autofocus data-testid="patient-reason" rows="3" maxlength="2000" required
                  placeholder=${t('patients.reason_hint')} .value=${answering.reason}
                  @input=${(event: Event) => this.questions.enter({ reason: (event.target as HTMLTextAreaElement).value })}></textarea>
              </div>
            </div>
            <div class="ends">
              <button type="button" class="button" ?disabled=${answering.busy} @click=${() => this.questions.cancel()}>${t('patients.cancel')}</button>
              <button class="button primary" data-testid="patient-send" ?disabled=${answering.busy || !answering.reason.trim()}>${t('patients.send')}</button>
            </div>
          </form>`
        : null}
    </dk-dialog>`;
  }

  private fields(right: Demographics): TemplateResult {
    const text = (label: Key, value: string, change: (value: string) => Partial<Demographics>, type = 'text'): TemplateResult =>
      html`<div class="field">
        <label for=${label}>${t(label)}</label>
        <input id=${label} class="input" type=${type} maxlength="64" data-testid=${label} .value=${value}
          @input=${(event: Event) => this.questions.enter({ right: change((event.target as HTMLInputElement).value) })} />
      </div>`;
    const groups = ['ideographic', 'phonetic', 'alphabetic'] as const;
    return html`
      ${text('patients.patient_id', right.patient_id, (patient_id) => ({ patient_id }))}
      ${groups.map((group) => text(`patients.${group}`, right.name[group].replaceAll('^', ' '), (value) => ({ name: { ...right.name, [group]: asDicom(value) } })))}
      ${text('patients.birth_date', right.birth_date ?? '', (birth_date) => ({ birth_date }), 'date')}
      <div class="field">
        <label for="sex">${t('patients.sex')}</label>
        <select id="sex" class="input" @change=${(event: Event) => this.questions.enter({ right: { sex: (event.target as HTMLSelectElement).value as Sex } })}>
          ${sexes.map((sex) => html`<option value=${sex} ?selected=${sex === right.sex}>${sex ? t(`sex.${sex}`) : t('patients.sex_unknown')}</option>`)}
        </select>
      </div>
    `;
  }

  private readonly submit = (event: Event): void => {
    event.preventDefault();
    void this.questions.send();
  };
}

/** 山田 太郎 as DICOM has it: 山田^太郎; spaces of both widths part family and given name. */
const asDicom = (value: string): string => value.replace(/[\s　]/g, '^');
