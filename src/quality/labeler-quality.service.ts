// What is known of a labeler under a criterion version: from the labeler's latest ratings, what others gave to the same
// completions, and gold. A vendor asks about its own labelers, and is told nothing that it could not work out from its
// own ratings: of gold, or of co-raters elsewhere, one answer at a time would tell which tasks are gold (docs/adr/0086).
import { Injectable } from '@nestjs/common';
import type { AuthContext } from '#src/auth/auth.js';
import { notFound, ProblemException } from '#src/common/problem.js';
import { CriteriaService } from '#src/ratings/criteria.service.js';
import { LabelersService } from '#src/ratings/labelers.service.js';
import { labelerFlags } from './labeler-flags.js';
import { positionBiasOf, severityOf, speedOf, straightLiningOf } from './labeler-figures.js';
import type { LabelerQualityDto } from './labeler-quality.dto.js';
import { LabelerQualityRepository } from './labeler-quality.repository.js';
import { reliabilityOf } from './labeler-reliability.js';
import { bordersOf } from './levels.js';
import { PreferenceTimesRepository } from './preference-times.repository.js';
import { wilson } from './wilson.js';

/** The latest of each: quality is what it is now, and the answer comes in a moment. */
const windows = { ratings: 10_000, preferences: 10_000, times: 100_000, sharedCompletions: 2000 } as const;

@Injectable()
export class LabelerQualityService {
  constructor(
    private readonly quality: LabelerQualityRepository,
    private readonly preferenceTimes: PreferenceTimesRepository,
    private readonly labelers: LabelersService,
    private readonly criteria: CriteriaService,
  ) {}

  /** @param criterionVersionId of the labeler's latest rating unless given */
  async get(auth: AuthContext, labelerId: string, criterionVersionId?: string): Promise<LabelerQualityDto> {
    const labeler = await this.labelers.get(auth, labelerId);
    const versionId = criterionVersionId ?? (await this.quality.latestVersion(labeler.id));
    if (!versionId) throw withoutRatings(labelerId);
    const { id, scale } = await this.criteria.getVersion(versionId);
    const values = scale.map(({ value }) => value);
    const among = auth.vendorId;
    const [ratings, centre, gold, answers, order] = await Promise.all([
      this.quality.ownRatings(labeler.id, id, among, windows.ratings),
      this.quality.timeCentre(id, windows.times),
      among === null ? this.quality.gold(labeler.id, id) : null,
      this.quality.sharedAnswers(labeler.id, id, among, bordersOf(values), windows.sharedCompletions),
      this.quality.firstShown(labeler.id, id),
    ]);
    const preferences = await this.preferenceTimes.own(labeler.id, id, windows.preferences);
    // A vendor that asks about a version it never judged by learns nothing of it, not even that it is there.
    if (auth.vendorId !== null && ratings.length + preferences.length === 0) throw notFound('criterion_version', versionId);
    const figures = {
      severity: await severityOf(ratings, values[values.length - 1] - values[0]),
      positionBias: positionBiasOf(ratings),
      straightLining: straightLiningOf(ratings),
      speed: speedOf(ratings, centre),
      gold: gold && { ...gold, accuracy: gold.ratings === 0 ? null : gold.passed / gold.ratings, interval: wilson(gold.passed, gold.ratings) },
      reliability: reliabilityOf(labeler.id, answers, values),
    };
    const preferenceSpeed = preferences.length === 0 ? null : speedOf(preferences, await this.preferenceTimes.centre(id, windows.times));
    return {
      labelerId: labeler.id,
      simulated: labeler.simulated,
      criterionVersionId: id,
      ratings: ratings.length,
      preferences: preferences.length,
      sharedItems: ratings.filter(({ others }) => others > 0).length,
      ...figures,
      firstShown: order.judged === 0 ? null : { ...order, interval: wilson(order.firstPreferred, order.judged) },
      preferenceSpeed,
      flags: labelerFlags({ ...figures, firstShown: order, preferenceSpeed }),
    };
  }
}

function withoutRatings(labelerId: string): ProblemException {
  const detail = `labeler ${labelerId} has judged nothing yet`;
  return new ProblemException({ status: 404, code: 'labeler_without_ratings', title: 'Nothing is known of the labeler', detail });
}
