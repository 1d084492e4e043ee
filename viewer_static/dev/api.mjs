// For development only: the hub's /api in memory, with the same answers and the same refusals.
import { randomUUID } from 'node:crypto';
import { cases, delivered, makeReport, people, reports } from './data.mjs';

const sessions = new Map();
const now = () => new Date().toISOString();

export class Refusal extends Error {
  constructor(status, code, ja, en, nextJa, nextEn, details = {}) {
    super(code);
    this.status = status;
    this.body = {
      error: { code, message: { ja, en }, next_step: { ja: nextJa, en: nextEn }, details, request_id: randomUUID() },
    };
  }
}
const notFound = () => new Refusal(404, 'not_found', '見つかりません。', 'Not found.', '一覧から開き直してください。', 'Open it from the list again.');

export const personOf = (request) => sessions.get(/dokuei_session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]);
const sessionJson = (p) => ({ person: { login: p.login, name: p.name, role: p.role, site: p.site }, entitlements: p.entitlements, demo: true });
const brief = (p) => ({ login: p.login, name: p.name });
const visible = (p, c) => p.entitlements.includes('cases.list') && (p.role === 'radiologist' || c.site.code === p.site.code);

function publicCase(c) {
  return { ...c, all: undefined, prior_count: priors(c).length, identity_conflict: false, text_suspect: false, expected_count: null, images_after_report: 0 }; // JSON leaves `all` out
}
const priors = (c) => cases.filter((o) => o.patient.id === c.patient.id && o !== c && o.study_date < c.study_date);

function detail(p, c) {
  const radiologist = p.role === 'radiologist';
  const mine = c.reader?.login === p.login;
  return {
    ...publicCase(c),
    priors: priors(c).map((o) => ({
      study_uid: o.study_uid, study_date: o.study_date, modalities: o.modalities, study_description: o.study_description,
      body_part: o.body_part, site: o.site, case_id: o.id, report_id: o.report?.state === 'final' ? o.report.id : null,
    })),
    viewable: true,
    permissions: {
      request: p.role === 'referring_doctor' && c.state !== 'read',
      claim: radiologist && c.state === 'unread',
      release: radiologist && mine && c.state === 'reading',
      write_report: radiologist && mine && c.state === 'reading',
    },
  };
}

const search = (c, q) => !q || [c.patient.name.ideographic, c.patient.name.phonetic, c.patient.name.alphabetic, c.patient.id, c.accession_number ?? '']
  .some((text) => text.toLowerCase().includes(q.toLowerCase()));
const tally = (list, states, of) => Object.fromEntries(states.map((s) => [s, list.filter((x) => of(x) === s).length]));
const order = { unread: 0, reading: 1, receiving: 2, read: 3 };

function needCase(p, id) {
  const found = cases.find((c) => c.id === id);
  if (!found || !visible(p, found)) throw notFound();
  return found;
}

function needDraft(p, c, revision) {
  const report = reports.find((r) => r.case_id === c.id);
  if (report?.state === 'final') throw new Refusal(409, 'already_signed', 'このレポートは確定済です。', 'This report is already signed.', '開き直してください。', 'Open it again.');
  if ((report?.revision ?? 0) !== revision) {
    throw new Refusal(409, 'stale_draft', '別の画面で下書きが更新されています。', 'The draft was changed elsewhere.', 'どちらの文を残すか選んでください。', 'Choose which text to keep.', { current: report });
  }
  if (c.reader?.login !== p.login) throw new Refusal(403, 'not_the_reader', 'この症例の担当読影医ではありません。', 'You are not the reader of this case.', '担当の医師に確認してください。', 'Ask the reader.', { reader: c.reader });
  return report;
}

const routes = [
  ['GET', /^\/api\/session$/, (p) => sessionJson(p)],
  ['GET', /^\/api\/cases$/, (p, _m, query) => {
    const mine = cases.filter((c) => visible(p, c) && search(c, query.get('q')));
    const states = query.getAll('state');
    const hits = mine.filter((c) => !states.length || states.includes(c.state))
      .sort((a, b) => order[a.state] - order[b.state] || (a.due_date ?? '9').localeCompare(b.due_date ?? '9'));
    const offset = Number(query.get('offset') ?? 0);
    return { cases: hits.slice(offset, offset + Number(query.get('limit') ?? 50)).map(publicCase), total: hits.length, counts: tally(mine, Object.keys(order), (c) => c.state) };
  }],
  ['GET', /^\/api\/cases\/(\w+)$/, (p, [, id]) => detail(p, needCase(p, id))],
  ['PUT', /^\/api\/cases\/(\w+)\/request$/, (p, [, id], _q, body) => {
    const c = needCase(p, id);
    if (c.request_version !== body.version) throw new Refusal(409, 'stale_request', '依頼内容が更新されています。', 'The request was changed elsewhere.', '最新の内容を確認してください。', 'Look at the latest text.', { current: publicCase(c) });
    Object.assign(c, { reason: body.reason, clinical_history: body.clinical_history, request_version: c.request_version + 1 });
    return publicCase(c);
  }],
  ['POST', /^\/api\/cases\/(\w+)\/claim$/, (p, [, id]) => {
    const c = needCase(p, id);
    if (c.reader && c.reader.login !== p.login) throw new Refusal(409, 'case_taken', `${c.reader.name} が読影中です。`, `${c.reader.name} is reading this case.`, '閲覧はできます。担当を替わるには本人に確認してください。', 'You may look at it; ask the reader to hand it over.', { reader: c.reader });
    Object.assign(c, { state: 'reading', reader: brief(p) });
    return publicCase(c);
  }],
  ['POST', /^\/api\/cases\/(\w+)\/release$/, (p, [, id]) => {
    const c = needCase(p, id);
    if (c.reader && c.reader.login !== p.login) throw new Refusal(409, 'case_taken', `${c.reader.name} が読影中です。`, `${c.reader.name} is reading this case.`, '', '', { reader: c.reader });
    return publicCase(c.state === 'unread' ? c : Object.assign(c, { state: 'unread', reader: null }));
  }],
  ['GET', /^\/api\/cases\/(\w+)\/report$/, (p, [, id]) => {
    const report = reports.find((r) => r.case_id === needCase(p, id).id);
    if (!report || (report.state === 'draft' && p.role !== 'radiologist')) throw new Refusal(404, 'no_report', 'レポートはまだありません。', 'There is no report yet.', '', '');
    return report;
  }],
  ['PUT', /^\/api\/cases\/(\w+)\/report\/draft$/, (p, [, id], _q, body) => {
    const c = needCase(p, id);
    const report = needDraft(p, c, body.revision) ?? makeReport(c, brief(p));
    return Object.assign(report, { findings: body.findings, impression: body.impression, revision: report.revision + 1, saved_at: now() });
  }],
  ['POST', /^\/api\/cases\/(\w+)\/report\/sign$/, (p, [, id], _q, body) => {
    const c = needCase(p, id);
    const report = needDraft(p, c, body.revision);
    if (!report || !(report.findings + report.impression).trim()) throw new Refusal(422, 'empty_report', '所見も診断も空です。', 'The report is empty.', '所見または診断を書いてください。', 'Write findings or an impression.');
    Object.assign(report, { state: 'final', version: 1, signed_at: now(), signed_by: brief(p), delivery: delivered(now()) });
    Object.assign(c, { state: 'read', read_at: now(), report: { id: report.id, state: 'final', signed_at: report.signed_at } });
    return report;
  }],
  ['GET', /^\/api\/reports$/, (p, _m, query) => {
    const mine = reports.filter((r) => r.delivery && r.site.code === p.site.code && search(r, query.get('q')));
    const states = query.getAll('state');
    const rank = { delivered: 0, acknowledged: 1, acted_on: 2 };
    const hits = mine.filter((r) => !states.length || states.includes(r.delivery.state)).sort((a, b) => rank[a.delivery.state] - rank[b.delivery.state]);
    return { reports: hits, total: hits.length, counts: tally(mine, Object.keys(rank), (r) => r.delivery.state) };
  }],
  ['GET', /^\/api\/reports\/(\w+)$/, (p, [, id]) => needReport(p, id, { opened_at: now(), opened_by: brief(p) }, 'opened_at')],
  ['POST', /^\/api\/reports\/(\w+)\/acknowledge$/, (p, [, id]) => needReport(p, id, { state: 'acknowledged', acknowledged_at: now(), acknowledged_by: brief(p) }, 'acknowledged_at')],
  ['POST', /^\/api\/reports\/(\w+)\/act$/, (p, [, id], _q, body) => {
    if (!needReport(p, id).delivery.acknowledged_at) throw new Refusal(409, 'not_acknowledged', 'まだ確認されていません。', 'Not acknowledged yet.', '先に「確認した」を押してください。', 'Press “Acknowledge” first.');
    return needReport(p, id, { state: 'acted_on', acted_on_at: now(), acted_on_by: brief(p), action_note: body.note }, 'acted_on_at');
  }],
];

function needReport(p, id, change = {}, once = null) {
  const report = reports.find((r) => r.id === id && r.delivery);
  if (!report || (p.role !== 'radiologist' && report.site.code !== p.site.code)) throw notFound();
  if (p.role === 'referring_doctor' && !(once && report.delivery[once])) Object.assign(report.delivery, change);
  return report;
}

/** Answer one /api request; throws Refusal. Returns [status, body, headers]. */
export function api(request, path, query, body) {
  if (path === '/api/session' && request.method === 'POST') {
    const found = people.find((p) => p.login === body?.login && body.password === 'demo');
    if (!found) throw new Refusal(401, 'wrong_password', 'ログイン名またはパスワードが違います。', 'The log-in name or the password is wrong.', '入力し直してください。', 'Type them again.');
    const id = randomUUID();
    sessions.set(id, found);
    return [200, sessionJson(found), { 'Set-Cookie': `dokuei_session=${id}; HttpOnly; SameSite=Strict; Path=/` }];
  }
  const person = personOf(request);
  if (!person) throw new Refusal(401, 'not_signed_in', 'ログインしていません。', 'You are not logged in.', 'ログインしてください。', 'Log in.');
  if (path === '/api/session' && request.method === 'DELETE') {
    for (const [id, p] of sessions) if (p === person) sessions.delete(id);
    return [204, null, {}];
  }
  for (const [method, pattern, handler] of routes) {
    const match = method === request.method && pattern.exec(path);
    if (match) return [200, handler(person, match, query, body), {}];
  }
  throw notFound();
}
