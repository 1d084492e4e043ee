import { locale, t } from './texts';

const jst = 'Asia/Tokyo';
const eras: [start: string, ja: string, short: string][] = [
  ['2019-05-01', '令和', '令'],
  ['1989-01-08', '平成', '平'],
  ['1926-12-25', '昭和', '昭'],
  ['1912-07-30', '大正', '大'],
];

const parts = new Intl.DateTimeFormat('en-CA', {
  timeZone: jst, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});

function split(instant: Date): Record<string, string> {
  return Object.fromEntries(parts.formatToParts(instant).map((part) => [part.type, part.value]));
}

/** The date in Japan at this instant, `YYYY-MM-DD`. */
export function jstDate(instant: Date = new Date()): string {
  const p = split(instant);
  return `${p['year']}-${p['month']}-${p['day']}`;
}

/** `2026-11-21 14:05` in Japanese time, from a UTC timestamp. */
export function jstDateTime(timestamp: string | null): string {
  if (!timestamp) return '';
  const p = split(new Date(timestamp));
  return `${p['year']}-${p['month']}-${p['day']} ${p['hour']}:${p['minute']}`;
}

/** `14:05` in Japanese time. */
export function jstTime(timestamp: string | null): string {
  return jstDateTime(timestamp).slice(11);
}

/** 令和8年11月21日; empty before 大正 and for an unknown date. */
export function eraDate(date: string | null): string {
  const era = date ? eras.find(([start]) => date >= start) : undefined;
  if (!date || !era) return '';
  const [y, m, d] = date.split('-').map(Number) as [number, number, number];
  const year = y - Number(era[0].slice(0, 4)) + 1;
  return `${era[1]}${year === 1 ? '元' : year}年${m}月${d}日`;
}

/** 昭23: the short year of birth that Japanese staff check against a card. */
export function eraYear(date: string | null): string {
  const era = date ? eras.find(([start]) => date >= start) : undefined;
  return date && era ? `${era[2]}${Number(date.slice(0, 4)) - Number(era[0].slice(0, 4)) + 1}` : '';
}

/** Full years at `on`; months below two years of age. */
export function ageText(birth: string | null, on: string): string {
  if (!birth) return '';
  const [by, bm, bd] = birth.split('-').map(Number) as [number, number, number];
  const [y, m, d] = on.split('-').map(Number) as [number, number, number];
  const months = (y - by) * 12 + m - bm - (d < bd ? 1 : 0);
  if (months < 0) return '';
  return months < 24 ? t('common.months', { n: months }) : t('common.years', { n: Math.floor(months / 12) });
}

/** 本日, 明日, 昨日 or 11/24(火). */
export function dueText(date: string | null, today: string = jstDate()): string {
  if (!date) return '';
  const days = Math.round((Date.parse(date) - Date.parse(today)) / 86_400_000);
  if (days === 0) return t('common.today');
  if (days === 1) return t('common.tomorrow');
  if (days === -1) return t('common.yesterday');
  const weekday = new Intl.DateTimeFormat(locale() === 'ja' ? 'ja-JP' : 'en-GB', { weekday: 'short', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00:00Z`),
  );
  return `${Number(date.slice(5, 7))}/${Number(date.slice(8, 10))} (${weekday})`;
}
