// The import rules of docs/architecture.md, enforced: imports follow the pipeline from downstream to
// upstream and never back.
const rooms = ['prompts', 'policies', 'completions', 'ratings', 'labeling', 'quality', 'pairs', 'reward', 'training', 'comparisons', 'loops'];
const base = ['config', 'common', 'database', 'events', 'jobs', 'auth'];

/** `room` may import only `allowed` (and itself) out of src/. */
const only = (room, allowed) => ({
  name: `${room}-imports`,
  severity: 'error',
  comment: `src/${room} may import: ${allowed.join(', ') || 'nothing'}`,
  from: { path: `^src/${room}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
});

const upstream = (room) => rooms.slice(0, rooms.indexOf(room));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    // src/pairs has a circle of types yet.
    { name: 'no-cycles-of-types', severity: 'error', from: { path: '^src/', pathNot: '^src/pairs/' }, to: { circular: true } },
    only('config', []),
    only('common', ['config']),
    only('database', ['config', 'common']),
    only('events', ['config', 'common', 'database']),
    only('jobs', ['config', 'common', 'database', 'events', 'auth']),
    only('auth', ['config', 'common', 'database']),
    only('webhooks', ['config', 'common', 'database', 'events', 'auth']),
    only('artifacts', ['config', 'common', 'database', 'auth', 'lm', 'nn']),
    only('nn', ['common']),
    only('lm', ['nn', 'common']),
    only('rl', ['nn', 'lm', 'common']),
    {
      name: 'losses-import-nn',
      severity: 'error',
      comment: 'a loss is its equation: rl/losses imports nn and common, and other losses',
      from: { path: '^src/rl/losses/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(nn|common|rl/losses)/' },
    },
    {
      name: 'methods-apart',
      severity: 'error',
      comment: 'what two methods share is in rl/batch, rl/policy, rl/datasets, rl/rollouts or the step loop',
      from: { path: '^src/rl/methods/([a-z]+)[^/]*\\.ts$', pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/rl/methods/', pathNot: '^src/rl/methods/$1[^/]*\\.ts$' },
    },
    {
      name: 'rl-general-before-methods',
      severity: 'error',
      comment: 'general code of the trainers does not import a special case',
      from: { path: '^src/rl/', pathNot: ['^src/rl/(methods|plan)/', '\\.spec\\.ts$'] },
      to: { path: '^src/rl/(methods|plan)/' },
    },
    only('prompts', base),
    only('policies', [...base, 'artifacts', 'lm', 'prompts']),
    only('completions', [...base, 'artifacts', 'lm', ...upstream('completions')]),
    only('ratings', [...base, 'artifacts', ...upstream('ratings')]),
    only('labeling', [...base, 'artifacts', ...upstream('labeling')]),
    only('quality', [...base, 'artifacts', ...upstream('quality')]),
    only('pairs', [...base, 'artifacts', ...upstream('pairs')]),
    only('reward', [...base, 'artifacts', 'rl', 'lm', 'nn', ...upstream('reward')]),
    only('training', [...base, 'artifacts', 'rl', 'lm', 'nn', ...upstream('training')]),
    only('comparisons', [...base, 'artifacts', ...upstream('comparisons')]),
    only('loops', [...base, 'artifacts', ...upstream('loops')]),
    {
      name: 'engine-without-nest',
      severity: 'error',
      comment: 'src/nn, src/lm and src/rl are libraries: no Nest, no TypeORM',
      from: { path: '^src/(nn|lm|rl)/' },
      to: { path: 'node_modules/(@nestjs|typeorm|bullmq|pg)/' },
    },
    {
      name: 'typeorm-only-in-repositories',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/database/', '\\.(repository|entity|module|spec)\\.ts$'] },
      to: { path: 'node_modules/(typeorm|@nestjs/typeorm)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'bullmq-only-in-jobs',
      severity: 'error',
      from: { path: '^(src|scripts|bench|tools|test/faults)/', pathNot: '^src/jobs/' },
      to: { path: 'node_modules/(bullmq|@nestjs/bullmq)/' },
    },
    {
      name: 'onnxruntime-only-in-session',
      severity: 'error',
      from: { path: '^(src|scripts|bench|tools|test/faults)/', pathNot: '^src/nn/session\\.ts$' },
      to: { path: 'node_modules/onnxruntime-node/' },
    },
    {
      name: 'handlers-only-in-workers',
      severity: 'error',
      comment: 'model code never runs in the API process',
      from: { path: '^src/', pathNot: ['-worker\\.module\\.ts$', '\\.spec\\.ts$'] },
      to: { path: '\\.handler\\.ts$' },
    },
    {
      name: 'plans-in-child-processes',
      severity: 'error',
      comment: 'services name these modules to the sandbox, which runs them in a child process',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/(nn/compute-speed|reward/reward-plan-task|training/plans/plan-task|policies/uploaded-texts)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workers-only-in-worker-process',
      severity: 'error',
      from: { path: '^src/(main|app\\.module)\\.ts$' },
      to: { path: '-worker\\.module\\.ts$' },
    },
    {
      name: 'rooms-by-their-services',
      severity: 'error',
      comment: "another room's repositories, handlers and trainers are its own affair: ask its service",
      from: { path: '^src/([^/]+)/', pathNot: '\\.(spec|fixture)\\.ts$' },
      to: { path: '^src/[^/]+/.*(\\.(repository|handler)|-trainer)\\.ts$', pathNot: ['^src/$1/', '^src/rl/'] },
    },
    {
      name: 'domain-without-dto',
      severity: 'error',
      comment: 'what is computed and stored does not depend on what HTTP looks like: DTOs are for controllers, services and other DTOs',
      from: {
        path: '^src/',
        pathNot: [
          '\\.(controller|service|dto|module|pipe|spec|fixture)\\.ts$',
          '^src/http/',
          '/openapi\\.ts$',
          // The table that joins a method to its DTOs.
          '^src/training/methods/training-methods\\.ts$',
          // Not yet.
          '^src/ratings/rating-(references|line)\\.ts$',
          '^src/labeling/(task-dto|submission-rules|batch-counts)\\.ts$',
        ],
      },
      to: { path: '\\.dto\\.ts$' },
    },
    {
      name: 'no-folder-circles',
      severity: 'error',
      comment: 'folders are layers too, type-only imports included',
      scope: 'folder',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'clients-use-the-sdk',
      severity: 'error',
      comment: 'the quickstart and ingest talk to the API through the SDK only; bringing the process up is the supervisor, and what a conversation may be is decided once, for requests and files',
      from: { path: '^scripts/(quickstart|loop-demo|ingest)/' },
      to: { path: '^src/', pathNot: ['^src/process/', '^src/config/', '^src/common/(conversation|text)\\.ts$'] },
    },
    {
      name: 'page-uses-the-sdk',
      severity: 'error',
      comment: 'the page talks to the API through the SDK only',
      from: { path: '^web/' },
      to: { path: '^(src|scripts|bench|tools|test)/' },
    },
    { name: 'sdk-alone', severity: 'error', from: { path: '^sdk/' }, to: { path: '^(src|scripts|bench|tools|test|web)/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // Specs and what they share may reach for anything; they are no part of the layers.
    exclude: { path: ['^dist/', '\\.(spec|fixture)\\.ts$', '^test/(?!faults/)'] },
    enhancedResolveOptions: { conditionNames: ['types', 'import', 'node', 'default'], exportsFields: ['exports'] },
  },
};
