import eslint from '@eslint/js'
import { importX } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'
import { importLaw } from './lint/import-law.ts'

const TYPESCRIPT = ['**/*.ts', '**/*.tsx']
/** What runs in production, as against tests, benchmarks and tools. */
const PRODUCT = ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts', 'migrations/**/*.ts']
const MANIFESTS = ['workflows/index.ts', 'activities/index.ts', 'migrations/index.ts']
const CONFIG_FILES = ['*.config.ts', '*.config.js', 'ui/*.config.ts']

const NO_BARREL = [
  {
    selector: 'ExportAllDeclaration',
    message: 'No barrels: import each name from the file that declares it, so that one sees where it lives.',
  },
  {
    selector: 'ExportNamedDeclaration[source]',
    message:
      'No re-exports: import each name from the file that declares it, so that one sees where it lives.',
  },
]
const NO_WORK_AT_IMPORT = [
  {
    selector:
      ':matches(Program > ExpressionStatement, Program > VariableDeclaration > VariableDeclarator, Program > ExportNamedDeclaration > VariableDeclaration > VariableDeclarator) > AwaitExpression',
    message: 'Importing a module waits for nothing: export a function and call it from src/bin.',
  },
  {
    selector: 'Program > ExpressionStatement > CallExpression',
    message: 'Importing a module starts nothing: export a function and call it from src/bin.',
  },
]
const NO_ENVIRONMENT_IMPORT = {
  selector: "ImportDeclaration[source.value='node:process'] > ImportSpecifier[imported.name='env']",
  message: 'The environment is read once, in src/bin: take what you need from the configuration.',
}

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      '**/dist',
      'coverage',
      'reports',
      '.postrider',
      '.stryker-tmp',
      'ui/src/api/schema.d.ts',
    ],
  },
  {
    linterOptions: {
      reportUnusedDisableDirectives: 'error',
      reportUnusedInlineConfigs: 'error',
    },
  },

  eslint.configs.recommended,
  {
    files: TYPESCRIPT,
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // An async function without await still promises a promise, also when it throws.
      '@typescript-eslint/require-await': 'off',
      // Parts are objects made of closures: their functions do not use `this`.
      '@typescript-eslint/unbound-method': 'off',
      // It would ask for the `!` that another rule forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Types and interfaces are both fine; which one reads better is for the author to say.
      '@typescript-eslint/consistent-type-definitions': 'off',
    },
  },

  // How code is laid out.
  {
    files: TYPESCRIPT,
    plugins: { 'import-x': importX, law: importLaw },
    rules: {
      eqeqeq: 'error',
      // Control characters are among what strangers send, and are matched on purpose.
      'no-control-regex': 'off',
      'no-console': 'error',
      'import-x/no-default-export': 'error',
      'law/no-cycle': 'error',
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
    },
  },
  {
    files: PRODUCT,
    rules: {
      'law/layers': 'error',
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: false, includeTypes: false }],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'The environment is read once, in src/bin: take what you need from the configuration.',
        },
      ],
      'no-restricted-syntax': ['error', ...NO_BARREL, ...NO_WORK_AT_IMPORT, NO_ENVIRONMENT_IMPORT],
    },
  },
  {
    files: MANIFESTS,
    rules: {
      'no-restricted-syntax': ['error', ...NO_WORK_AT_IMPORT, NO_ENVIRONMENT_IMPORT],
    },
  },
  {
    files: ['src/bin/**/*.ts'],
    rules: {
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', ...NO_BARREL],
    },
  },
  {
    files: ['src/bin/**', 'src/local/**', 'bench/**', 'scripts/**', 'test/**', 'lint/**'],
    rules: { 'no-console': 'off' },
  },
  { files: CONFIG_FILES, rules: { 'import-x/no-default-export': 'off' } },

  // Tests tell long stories, and Vitest's own entry points are default exports.
  {
    files: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
    },
  },
  {
    files: ['test/support/global-setup.ts', 'test/support/shared-servers.ts'],
    rules: { 'import-x/no-default-export': 'off' },
  },

  // A component is mostly markup, which is long without being complicated.
  {
    files: ['ui/**/*.tsx'],
    rules: { 'max-lines-per-function': ['error', { max: 100 }] },
  },

  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { console: 'readonly', process: 'readonly' },
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: {
        require: 'readonly',
        module: 'writable',
        __dirname: 'readonly',
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
)
