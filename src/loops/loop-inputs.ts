import { Injectable } from '@nestjs/common';
import { conflict, unprocessable } from '#src/common/problem.js';
import { ComparisonsService } from '#src/comparisons/comparisons.service.js';
import { PolicyVersionsService } from '#src/policies/policy-versions.service.js';
import { requireAlias } from '#src/policies/policies.service.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import { TrainingInputs } from '#src/training/training-inputs.js';
import type { LoopConfig } from './loop-config.js';
import { brokenRule } from './loop-rules.js';
import type { CreateLoopDto } from './loops.dto.js';

/** As many as a comparison takes. */
const maxHeldOut = 5000;

/** Checks what a request names before anything is spent on it. */
@Injectable()
export class LoopInputs {
  constructor(
    private readonly inputs: TrainingInputs,
    private readonly versions: PolicyVersionsService,
    private readonly criteria: CriteriaService,
    private readonly comparisons: ComparisonsService,
  ) {}

  /**
   * @returns id of the policy
   * @throws ProblemException as `brokenRule`; 422 `unknown_policy_version`, `policy_version_without_weights`,
   *   `invalid_alias`, `criterion_version_not_found`, `unknown_prompt_set`, `not_enough_prompts`,
   *   `prompt_set_too_large`, `held_out_overlap`, `vendor_not_found`; 409 `criterion_version_not_published`
   */
  async check(dto: CreateLoopDto, config: LoopConfig): Promise<string> {
    const broken = brokenRule(config);
    if (broken) throw broken;
    if (dto.alias !== undefined) requireAlias(dto.alias, '/alias');
    await this.inputs.requireWeights(dto.policyVersionId, '/policyVersionId');
    await this.checkCriterion(dto.criterionVersionId);
    await this.checkPrompts(dto, config);
    await this.comparisons.checkVendors(config.ratings.vendorIds, '/ratings/vendorIds');
    await this.comparisons.checkJudge(dto.judge);
    return (await this.versions.get(dto.policyVersionId)).policyId;
  }

  private async checkCriterion(id: string): Promise<void> {
    const version = await this.criteria.findVersion(id);
    if (!version) throw unprocessable('criterion_version_not_found', '/criterionVersionId', 'exists', 'no such criterion version', id);
    if (version.state !== 'published') {
      throw conflict('criterion_version_not_published', `criterion version ${id} is a draft: nothing is rated against it`);
    }
  }

  private async checkPrompts({ promptSetId, heldOutPromptSetId }: CreateLoopDto, { generation }: LoopConfig): Promise<void> {
    const practice = await this.inputs.requirePromptSet(promptSetId, '/promptSetId');
    const heldOut = await this.inputs.requirePromptSet(heldOutPromptSetId, '/heldOutPromptSetId');
    if (practice.promptCount < generation.prompts) {
      const message = `an iteration takes ${generation.prompts} prompts, the set has ${practice.promptCount}`;
      throw unprocessable('not_enough_prompts', '/generation/prompts', 'max', message, generation.prompts);
    }
    if (heldOut.promptCount > maxHeldOut) {
      const message = `a comparison takes at most ${maxHeldOut} prompts, the set has ${heldOut.promptCount}`;
      throw unprocessable('prompt_set_too_large', '/heldOutPromptSetId', 'max', message, heldOutPromptSetId);
    }
    await this.inputs.requireDisjoint(promptSetId, heldOutPromptSetId, '/heldOutPromptSetId');
  }
}
