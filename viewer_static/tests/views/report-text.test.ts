/** Proves that markup in a report is shown as text and never becomes an element. */
import { render } from 'lit';
import { expect, test } from 'vitest';
import type { Report } from '../../src/api/types';
import { reportText } from '../../src/views/report-text';

test('markup in any field stays text', () => {
  const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';
  const report = {
    findings: evil, impression: evil, signed_by: { login: 'x', name: evil }, reading_site: { code: 'x', name: evil },
    signed_at: '2026-11-21T00:00:00Z', version: 1,
  } as Report;
  const root = document.createElement('div');
  render(reportText(report, 2), root);
  expect(root.querySelectorAll('img, script')).toHaveLength(0);
  expect(root.querySelector('.prose')?.textContent).toBe(evil);
  expect(root.textContent).toContain('2026-11-21 09:00 JST（令和8年11月21日）');
});
