import { css, html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Patient, PatientDecision } from '../api/patients';
import { badgeStyles } from '../components/badges';
import { buttonStyles } from '../components/buttons';
import '../components/dk-dialog';
import '../components/dk-empty';
import { fieldStyles } from '../components/fields';
import { jstDateTime } from '../i18n/dates';
import { t } from '../i18n/texts';
import { PatientMerge, type MergeDeed } from '../state/patient-merge';
import { Watch } from '../state/watch';
import { baseStyles } from '../tokens/base';
import { errorBanner } from './error-banner';
import { nameText, pairRows, sexText } from './patients-compare';
import { patientsStyles } from './patients-styles';
import { ViewElement } from './view-element';

const shownStudies = 5;
const inside = css`
  :host {
    max-width: none;
    padding: 0;
  }
`;

/** 患者の統合: look two patients up, compare them, make them one person, and take that back. */
@customElement('dk-patients-merge')
export class PatientsMerge extends ViewElement {
  static override styles = [baseStyles, buttonStyles, badgeStyles, fieldStyles, patientsStyles, inside];

  private readonly merge = new PatientMerge();
  private readonly watch = new Watch(this, this.merge);

  override render() {
    const { query, error, chosen } = this.watch.value;
    return html`
      <p class="lead">${t('merge.lead')}</p>
      <form class="search" role="search" @submit=${this.search}>
        <label for="merge-query" class="label">${t('merge.query')}</label>
        <input id="merge-query" class="input" type="search" maxlength="200" data-testid="merge-query" .value=${query}
          @input=${(event: Event) => this.merge.type((event.target as HTMLInputElement).value)} />
        <button class="button" data-testid="merge-search" ?disabled=${!query.trim()}>${t('merge.search')}</button>
      </form>
      ${error ? errorBanner(error, () => void this.merge.search()) : null} ${this.found()}
      ${chosen.length > 0 ? this.compared(chosen) : null} ${this.dialog()}
    `;
  }

  private found(): TemplateResult | null {
    const { found, total, chosen } = this.watch.value;
    if (found === null) return null;
    if (found.length === 0) return html`<dk-empty icon="search" .heading=${t('merge.nobody')}></dk-empty>`;
    const isChosen = (one: Patient): boolean => chosen.some((other) => other.patient === one.patient);
    return html`<ul class="found" aria-label=${t('merge.found')}>
      ${repeat(found, (one) => one.patient, (one) => html`<li data-testid="merge-found" data-patient=${one.patient}>
          <span>
            <b>${nameText(one.demographics)}</b>
            <span class="small num">${one.demographics.patient_id}　${one.site.name}　${one.demographics.birth_date ?? '—'}　${sexText(one.demographics)}　${t('patients.known_studies', { n: one.studies.length })}</span>
            ${one.same_person.length > 0 ? html`<span class="badge plain">${t('merge.is_merged')}</span>` : null}
          </span>
          <button class="button small" data-testid="merge-choose" ?disabled=${isChosen(one)} @click=${() => void this.merge.choose(one)}>
            ${t(isChosen(one) ? 'merge.chosen' : 'merge.choose')}
          </button>
        </li>`)}
    </ul>
    ${total > found.length ? html`<p class="small">${t('merge.more', { n: total })}</p>` : null}`;
  }

  private compared(chosen: Patient[]): TemplateResult {
    const [into, patient] = chosen;
    const sides = chosen.map((one) => one);
    return html`<article data-testid="merge-compared">
      <h2>${t(patient ? 'merge.compare' : 'merge.one_more')}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">${t('patients.item')}</th>
            ${sides.map((one, at) => html`<th scope="col">
                ${t(at === 0 ? 'merge.into' : 'merge.patient')}
                <button class="button small" @click=${() => this.merge.leave(one)}>${t('merge.leave')}</button>
              </th>`)}
          </tr>
        </thead>
        <tbody>
          <tr><th scope="row">${t('merge.site')}</th>${sides.map((one) => html`<td>${one.site.name}</td>`)}</tr>
          ${pairRows(into, patient).map((row) => html`<tr class=${row.differs ? 'differs' : ''}>
              <th scope="row">${t(row.label)}${row.differs ? html`<span class="mark">${t('patients.differs')}</span>` : null}</th>
              <td>${row.known || '—'}</td>
              ${patient ? html`<td>${row.found || '—'}</td>` : null}
            </tr>`)}
          <tr><th scope="row">${t('merge.studies')}</th>${sides.map((one) => html`<td>${this.studies(one)}</td>`)}</tr>
          <tr><th scope="row">${t('merge.history')}</th>${sides.map((one) => html`<td>${this.history(one)}</td>`)}</tr>
        </tbody>
      </table>
      <div class="deeds">
        ${into && patient
          ? html`${isOne(into, patient) || patient.merged_into !== null
                ? null
                : html`<button class="button primary" data-testid="merge-begin" @click=${() => this.merge.begin({ deed: 'merge', patient, into })}>${t('merge.merge')}</button>`}
              <button class="button" data-testid="merge-swap" @click=${() => this.merge.swap()}>${t('merge.swap')}</button>`
          : null}
        ${sides.filter((one) => one.merged_into !== null).map((one) => html`<button class="button" data-testid="merge-undo" @click=${() => this.merge.begin({ deed: 'unmerge', patient: one })}>
            ${t('merge.unmerge', { name: nameText(one.demographics), id: one.demographics.patient_id })}
          </button>`)}
      </div>
    </article>`;
  }

  private studies({ studies }: Patient): TemplateResult {
    return html`${studies.slice(0, shownStudies).map((one) => html`<div class="small num">${one.study_date ?? '—'}　${one.modalities.join(' ')}　${one.study_description}</div>`)}
    ${studies.length > shownStudies ? html`<div class="small">${t('patients.known_studies', { n: studies.length })}</div>` : null}
    ${studies.length === 0 ? '—' : null}`;
  }

  private history({ patient }: Patient): TemplateResult {
    const decisions: PatientDecision[] = this.watch.value.history[patient] ?? [];
    if (decisions.length === 0) return html`—`;
    return html`${decisions.map((one) => html`<div class="small">
      ${t(`patients.decided_${one.kind}`)}　<span class="num">${jstDateTime(one.at)}</span>　${one.actor_name}　${one.reason}
    </div>`)}`;
  }

  private dialog(): TemplateResult {
    const { doing } = this.watch.value;
    const deed: MergeDeed['deed'] = doing?.deed.deed ?? 'merge';
    return html`<dk-dialog .open=${doing !== null} .heading=${t(deed === 'merge' ? 'merge.merge' : 'merge.unmerge_heading')} @dk-close=${() => this.merge.cancel()}>
      ${doing
        ? html`<form @submit=${this.submit}>
            <p class="prose">${doing.deed.deed === 'merge'
              ? t('merge.merge_text', { patient: called(doing.deed.patient), into: called(doing.deed.into) })
              : t('merge.unmerge_text', { patient: called(doing.deed.patient) })}</p>
            ${doing.error ? errorBanner(doing.error) : null}
            <div class="fields">
              <div class="field">
                <label for="merge-reason">${t('patients.reason')}</label>
                <textarea id="merge-reason" class="input" data-autofocus data-testid="merge-reason" rows="3" maxlength="2000" required
                  placeholder=${t('patients.reason_hint')} .value=${doing.reason}
                  @input=${(event: Event) => this.merge.enter((event.target as HTMLTextAreaElement).value)}></textarea>
              </div>
            </div>
            <div class="ends">
              <button type="button" class="button" ?disabled=${doing.busy} @click=${() => this.merge.cancel()}>${t('patients.cancel')}</button>
              <button class="button primary" data-testid="merge-send" ?disabled=${doing.busy || !doing.reason.trim()}>${t('patients.send')}</button>
            </div>
          </form>`
        : null}
    </dk-dialog>`;
  }

  private readonly search = (event: Event): void => {
    event.preventDefault();
    void this.merge.search();
  };

  private readonly submit = (event: Event): void => {
    event.preventDefault();
    void this.merge.send();
  };
}

const isOne = (one: Patient, other: Patient): boolean => one.same_person.includes(other.patient) || other.same_person.includes(one.patient);
const called = ({ demographics, site }: Patient): string => `${nameText(demographics)}（${demographics.patient_id}　${site.name}）`;
