import { QueryFailedError } from 'typeorm';

interface DriverError {
  code?: string;
  constraint?: string;
}

/** Name of the unique constraint or index that an insert broke, when that is what went wrong. */
export function brokenUnique(error: unknown): string | undefined {
  return driverError(error, '23505')?.constraint;
}

/** Name of the foreign key that an insert broke, when that is what went wrong. */
export function brokenForeignKey(error: unknown): string | undefined {
  return driverError(error, '23503')?.constraint;
}

function driverError(error: unknown, code: string): DriverError | undefined {
  const driver = (error instanceof QueryFailedError ? error.driverError : error) as DriverError | null;
  return driver?.code === code ? driver : undefined;
}
