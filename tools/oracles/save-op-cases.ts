// The inputs of all op cases, for PyTorch to compute what comes out of them:
//
//   npm run build && node dist/tools/oracles/save-op-cases.js | python tools/oracles/op_cases.py
import { opCases, packedFeeds } from '#src/nn/op-cases.fixture.js';

const cases = opCases.map((opCase) => ({ name: opCase.name, differentiable: opCase.differentiable ?? true, ...packedFeeds(opCase) }));
process.stdout.write(`${JSON.stringify(cases)}\n`);
