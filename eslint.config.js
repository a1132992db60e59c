import tseslint from 'typescript-eslint';
import layerRules from './scripts/eslint-layers.js';
import { layers } from './scripts/layers.js';

export default tseslint.config(
  { ignores: ['**/dist', 'node_modules', 'coverage', '**/*.js', '**/*.mjs', '**/*.cjs'] },
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
  {
    files: ['src/**/*.ts', 'packages/**/*.ts'],
    plugins: { layers: layerRules },
    rules: { 'layers/imports': ['error', { root: import.meta.dirname, layers }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/reconcile/client/kubeconfig.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          name: '@kubernetes/client-node',
          message:
            'Only src/reconcile/client/kubeconfig.ts imports it: it takes half a second and 85 MB to load.',
        },
      ],
    },
  },
  {
    files: ['src/cli/**/*.ts', 'src/dev/cli/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'packages/*/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-syntax': [
        'error',
        ...['name', 'property.name'].map((callee) => ({
          selector: `CallExpression[callee.${callee}="eventually"] MemberExpression[property.name=/^(rejects|plug|unplug|apply|edit|patchMerge)$/]`,
          message:
            'An action that is retried until it has a result proves nothing: wait for the state, then act once.',
        })),
      ],
    },
  },
);
