import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.plumbline/', 'sdk/*.gen.ts', '**/*.mjs', 'web/dist/', 'tools/judges/afternoons/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js', '*.cjs'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-console': 'off',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 500 }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
    },
  },
  {
    // A setting is read once, checked and named in src/config; test/ and *.spec.ts may set up processes as they like.
    files: ['**/*.ts', '**/*.tsx'],
    // src/process/supervisor.ts still hands its environment on by itself.
    ignores: ['src/config/**', 'test/**', '**/*.spec.ts', 'src/process/supervisor.ts'],
    rules: { 'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Settings are read in src/config: use Config, or setting() and environment() of src/config/environment.ts.' }] },
  },
  {
    // Bodies of HTTP answers are untyped in supertest; what a test says of them is what it checks.
    files: ['test/**/*.ts', '**/*.spec.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['**/*.js', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
);
