import type { Schemas } from '#sdk/client.js';

export type Task = Schemas['TaskDto'];
export type Criterion = Schemas['TaskCriterionDto'];
export type Anchor = Schemas['AnchorDto'];
export type Submission = Schemas['SubmitTaskDto'];
