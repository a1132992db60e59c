import tseslint from 'typescript-eslint';

/** Which parts of src/ may import which (docs/architecture.md). */
const layers = {
  api: [],
  ipam: ['api'],
  ovn: [],
  reconcile: [],
  controllers: ['api', 'ipam', 'ovn', 'reconcile'],
  metadata: ['api', 'ovn', 'reconcile'],
  dev: ['api', 'ovn', 'reconcile', 'metadata'],
  verify: ['api', 'reconcile'],
  doctor: ['api', 'ovn', 'reconcile'],
};
const all = [...Object.keys(layers), 'cli'];

const boundaries = Object.entries(layers).map(([layer, allowed]) => ({
  files: [`src/${layer}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: all
          .filter((other) => other !== layer && !allowed.includes(other))
          .map((other) => ({
            group: [`**/${other}/**`],
            message: `src/${layer} does not know src/${other}.`,
          })),
        paths:
          layer === 'reconcile'
            ? []
            : [
                {
                  name: '@kubernetes/client-node',
                  message:
                    'Only src/reconcile/client/kubeconfig.ts imports it: it costs half a second and 85 MB.',
                },
              ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', '**/*.js', '**/*.mjs', '**/*.cjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  ...boundaries,
  { files: ['src/cli/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
