import tseslint from 'typescript-eslint';

/** Who may import whom: views → state → api | imaging; components, tokens and i18n are leaves. */
const forbid = (room, rooms) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...rooms.map((other) => ({ group: [`**/${other}/*`], message: `${room} must not import ${other}` })),
          ...(room === 'imaging' ? [] : [{ group: ['@cornerstonejs/*', 'dicom-parser'], message: 'only imaging/ may' }]),
        ],
      },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['dev/**/*.mjs'], rules: { 'no-console': 'off' }, languageOptions: { globals: {} } },
  forbid('views', ['imaging']),
  forbid('state', ['views', 'components']),
  forbid('api', ['views', 'state', 'components', 'imaging', 'tokens']),
  forbid('imaging', ['views', 'state', 'components', 'api']),
  forbid('components', ['views', 'state', 'api', 'imaging', 'i18n']),
  forbid('tokens', ['views', 'state', 'api', 'imaging', 'components', 'i18n']),
  forbid('i18n', ['views', 'state', 'api', 'imaging', 'components', 'tokens']),
);
