import { getSchemaPath, PickType } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { createRunTypes, type TrainingMethod } from '#src/training/methods/training-methods.js';

/** What `POST /training-runs` takes, without the inputs: those are the iteration's own. */
export interface LoopTrainingDto {
  method: TrainingMethod;
  hyperparameters?: object;
}

/** By method, checked by the same rules as the runs that they become. */
export const loopTrainingTypes = Object.fromEntries(
  Object.entries(createRunTypes).map(([method, type]) => [method, settingsOf(method, type)]),
) as Record<TrainingMethod, new () => LoopTrainingDto>;

export class UnknownTraining {
  @IsIn(Object.keys(createRunTypes))
  method: string;
}

const schemas = Object.entries(loopTrainingTypes).map(([method, type]) => [method, getSchemaPath(type)] as const);

export const loopTrainingSchema = {
  oneOf: schemas.map(([, $ref]) => ({ $ref })),
  discriminator: { propertyName: 'method', mapping: Object.fromEntries(schemas) },
};

function settingsOf(method: string, type: (typeof createRunTypes)[TrainingMethod]): new () => LoopTrainingDto {
  const settings = PickType(type as new () => LoopTrainingDto, ['method', 'hyperparameters']);
  Object.defineProperty(settings, 'name', { value: `Loop${method[0].toUpperCase()}${method.slice(1)}TrainingDto` });
  return settings;
}
