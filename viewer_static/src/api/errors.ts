import type { BothLanguages } from './types';

/**
 * Anything that a request can end in besides an answer.
 *
 * `status` is 0 when the hub could not be reached at all. Views show `message` and `nextStep`
 * in the current language; `code` decides what to do.
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly texts: BothLanguages,
    readonly nextStep: BothLanguages,
    readonly details: Record<string, unknown> = {},
    readonly requestId: string | null = null,
  ) {
    super(`${code}: ${texts.en}`);
    this.name = 'ApiError';
  }
}

/** The hub did not answer: line down, server stopped, name not found. */
export function unreachable(): ApiError {
  return new ApiError(
    0,
    'unreachable',
    { ja: 'サーバーに接続できません。', en: 'The server cannot be reached.' },
    {
      ja: '回線を確認してください。つながると自動で再開します。',
      en: 'Check the network. Work resumes by itself once it is back.',
    },
  );
}

/** Read the one error shape of the hub; anything else becomes an honest general error. */
export function fromBody(status: number, body: unknown): ApiError {
  const error = (body as { error?: Record<string, unknown> } | null)?.error;
  if (error && typeof error['code'] === 'string' && isTexts(error['message'])) {
    return new ApiError(
      status,
      error['code'],
      error['message'],
      isTexts(error['next_step']) ? error['next_step'] : { ja: '', en: '' },
      (error['details'] as Record<string, unknown> | null) ?? {},
      typeof error['request_id'] === 'string' ? error['request_id'] : null,
    );
  }
  return new ApiError(
    status,
    'unexpected_answer',
    { ja: `予期しない応答です（${status}）。`, en: `Unexpected answer (${status}).` },
    { ja: 'もう一度試してください。続くときは事務局へ連絡してください。', en: 'Try again. If it persists, tell the secretariat.' },
  );
}

function isTexts(value: unknown): value is BothLanguages {
  const texts = value as Partial<BothLanguages> | null | undefined;
  return typeof texts?.ja === 'string' && typeof texts.en === 'string';
}
