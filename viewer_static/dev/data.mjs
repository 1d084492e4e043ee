// For development only: fictional people, clinics and studies. Everybody here is invented.

export const sites = {
  minami: { code: 'minami', name: '南浜クリニック' },
  yamate: { code: 'yamate', name: '山手医院' },
  chuo: { code: 'chuo', name: '県立中央病院' },
};

const person = (login, name, role, site, entitlements) => ({ login, name, role, site: sites[site], entitlements });

/** Everybody's password in the mock is `demo`. */
export const people = [
  person('sato', '佐藤 真理子', 'radiologist', 'chuo', ['cases.list', 'cases.read', 'studies.view']),
  person('mori', '森 健一', 'radiologist', 'chuo', ['cases.list', 'cases.read', 'studies.view']),
  person('hamada', '濵田 直樹', 'referring_doctor', 'minami', ['cases.list', 'cases.request', 'studies.view', 'reports.inbox']),
  person('kondo', '近藤 由美', 'technologist', 'minami', ['cases.list', 'studies.view', 'studies.send']),
  person('admin', '管理 一郎', 'administrator', 'chuo', ['administration']),
  person('jimu', '事務 花子', 'secretariat', 'chuo', []),
];

const series = (uid, kind, modality, description, count, extra = {}) => ({ uid, kind, modality, description, count, ...extra });

const patients = [
  ['M-10023', '山田太郎', 'ヤマダ^タロウ', 'YAMADA^TARO', '1948-05-12', 'M'],
  ['M-10177', '髙橋花子', 'タカハシ^ハナコ', 'TAKAHASHI^HANAKO', '1961-11-03', 'F'],
  ['Y-00412', '𠮷田勝', 'ヨシダ^マサル', 'YOSHIDA^MASARU', '1939-01-08', 'M'],
  ['M-10301', '濵﨑美咲', 'ハマサキ^ミサキ', 'HAMASAKI^MISAKI', '1987-07-21', 'F'],
  ['Y-00533', '森鷗外次', 'モリ^オウガイジ', 'MORI^OGAIJI', '1955-02-17', 'M'],
  ['M-10333', '渡邉和子', 'ワタナベ^カズコ', 'WATANABE^KAZUKO', '1944-09-30', 'F'],
  ['Y-00610', '<b>太字</b>一郎', 'フトジ^イチロウ', 'FUTOJI^ICHIRO', null, 'O'],
  ['M-10400', '長谷川権左衛門之助', 'ハセガワ^ゴンザエモンノスケ', 'HASEGAWA^GONZAEMONNOSUKE', '1930-04-01', 'M'],
].map(([id, ideographic, phonetic, alphabetic, birth_date, sex]) => ({
  id, birth_date, sex, name: { alphabetic, ideographic, phonetic: phonetic.replace('^', ' ') },
}));

const dayMs = 86_400_000;
const jstDate = (shift) => new Date(Date.now() + 9 * 3_600_000 + shift * dayMs).toISOString().slice(0, 10);
const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();

const head = (n) => [
  series(`1.2.3.${n}.1`, 'head', 'CT', '単純 5mm', 28),
  series(`1.2.3.${n}.2`, 'headThin', 'CT', '骨条件', 28),
];
const studyKinds = {
  CT: (n) => ['頭部単純CT', 'HEAD', 'CT', [...head(n), series(`1.2.3.${n}.3`, 'sr', 'SR', '線量レポート', 1)]],
  CR: (n) => ['胸部単純X線 正面', 'CHEST', 'CR', [series(`1.2.3.${n}.1`, 'chest', 'CR', 'PA', 1)]],
  MR: (n) => ['頭部MRI T1強調', 'BRAIN', 'MR', [series(`1.2.3.${n}.1`, 'mr', 'MR', 'T1 axial', 20)]],
  US: (n) => ['心エコー', 'HEART', 'US', [series(`1.2.3.${n}.1`, 'us', 'US', '心尖部四腔像', 24, { multiframe: true, lossy: true })]],
};

let counter = 0;
function makeCase(patient, kind, site, state, shift, extra = {}) {
  const n = ++counter;
  const [study_description, body_part, modality, all] = studyKinds[kind](n);
  return {
    id: String(n), state, study_uid: `1.2.3.${n}`, site: sites[site], patient: patients[patient], modalities: [modality],
    body_part, study_description, study_date: jstDate(shift), study_time: '09:14:00', accession_number: `A${2600 + n}`,
    referring_physician: '濵田 直樹', series_count: all.length, instance_count: all.reduce((s, x) => s + (x.multiframe ? 1 : x.count), 0),
    reason: '', clinical_history: '', request_version: 0, reader: null, arrived_at: ago(-shift * 24 + 1),
    due_date: jstDate(shift + 1), read_at: null, report: null, all, ...extra,
  };
}

export const cases = [
  makeCase(0, 'CT', 'minami', 'unread', -2, { reason: '転倒後の頭痛。出血の有無をお願いします。', clinical_history: '抗凝固薬を内服中。2日前に自宅で転倒。', request_version: 1 }),
  makeCase(2, 'CR', 'yamate', 'unread', 0, { reason: '咳嗽が3週間持続。肺炎・腫瘤の有無。', request_version: 1 }),
  makeCase(1, 'MR', 'minami', 'unread', 0),
  makeCase(3, 'US', 'minami', 'unread', 0, { reason: '心雑音の精査。', request_version: 1 }),
  makeCase(4, 'CT', 'yamate', 'reading', -1, { reader: { login: 'mori', name: '森 健一' }, reason: '右片麻痺、発症3時間。', request_version: 1 }),
  makeCase(7, 'CT', 'minami', 'receiving', 0, { due_date: null }),
  makeCase(6, 'CR', 'yamate', 'unread', 0, { reason: '<script>alert(1)</script> 健診で異常影' }),
  makeCase(5, 'CR', 'minami', 'read', -1, { reader: { login: 'sato', name: '佐藤 真理子' }, read_at: ago(20), reason: '発熱、酸素飽和度低下。' }),
  makeCase(3, 'CT', 'minami', 'read', -3, { reader: { login: 'mori', name: '森 健一' }, read_at: ago(60) }),
  makeCase(0, 'CT', 'minami', 'read', -380, { reader: { login: 'sato', name: '佐藤 真理子' }, read_at: ago(379 * 24) }),
];

export const reports = [];

export function makeReport(oneCase, author, fields = {}) {
  const report = {
    id: `r${reports.length + 1}`, case_id: oneCase.id, study_uid: oneCase.study_uid, state: 'draft', revision: 0, findings: '', impression: '',
    author, site: oneCase.site, reading_site: sites.chuo, patient: oneCase.patient, modalities: oneCase.modalities,
    study_description: oneCase.study_description, study_date: oneCase.study_date, body_part: oneCase.body_part, reason: oneCase.reason,
    saved_at: null, signed_at: null, signed_by: null, version: 0, content_sha256: null, delivery: null, ...fields,
  };
  reports.push(report);
  oneCase.report = { id: report.id, state: report.state, signed_at: report.signed_at };
  return report;
}

export const delivered = (at) => ({
  state: 'delivered', delivered_at: at, opened_at: null, opened_by: null, acknowledged_at: null, acknowledged_by: null,
  acted_on_at: null, acted_on_by: null, action_note: '',
});

const doctor = { login: 'hamada', name: '濵田 直樹' };
const signed = (hours, author, findings, impression, delivery = {}) => ({
  state: 'final', revision: 3, version: 1, findings, impression, saved_at: ago(hours), signed_at: ago(hours), signed_by: author,
  content_sha256: 'c0ffee'.repeat(10) + 'dead', delivery: { ...delivered(ago(hours)), ...delivery },
});
const sato = { login: 'sato', name: '佐藤 真理子' };
makeReport(cases[7], sato, signed(20, sato,
  '右下肺野に浸潤影を認める。心拡大なし。胸水は認めない。\n左肺に明らかな異常陰影なし。\n<img src=x onerror=alert(1)> はそのままの文字として表示される。',
  '右下葉肺炎を疑う。治療後の再撮影をお勧めします。'));
makeReport(cases[8], sato, signed(60, sato, '頭蓋内に出血や占拠性病変を認めない。脳室拡大なし。', '明らかな異常所見なし。',
  { state: 'acknowledged', opened_at: ago(50), opened_by: doctor, acknowledged_at: ago(50), acknowledged_by: doctor }));
makeReport(cases[9], sato, signed(379 * 24, sato, '頭蓋内に出血なし。加齢相当の萎縮。', '加齢性変化のみ。',
  { state: 'acted_on', opened_at: ago(9000), opened_by: doctor, acknowledged_at: ago(9000), acknowledged_by: doctor, acted_on_at: ago(8990), acted_on_by: doctor, action_note: '患者へ説明済。' }));
