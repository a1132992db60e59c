/** Suites are ESM TypeScript, run by scripts/test.mjs; folders under test/ are the parts it can run alone. */
export default {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  roots: ['<rootDir>/test', '<rootDir>/src', '<rootDir>/packages'],
  modulePathIgnorePatterns: ['/dist/'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/scripts/jest-transform.mjs' },
  testTimeout: 90_000,
};
