import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** The time that a text of RFC 3339 names; undefined for any other text, and for days that no calendar has. */
export function parseTime(text: unknown): Date | undefined {
  const match = typeof text === 'string' ? rfc3339.exec(text) : null;
  if (!match) return undefined;
  const [year, month, day] = match.slice(1, 4).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  // Before the year 100, Date.UTC means another century.
  return year >= 100 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? new Date(match[0].toUpperCase()) : undefined;
}

/** A time in a body, a query or a line: text of RFC 3339 with an offset, a `Date` in the DTO. */
export function IsTime({ future = false } = {}): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) => parseTime(value) ?? (value as unknown)),
    ValidateBy({
      name: 'isTime',
      validator: {
        validate: (value) => value instanceof Date,
        defaultMessage: () => '$property must be a time of RFC 3339 with an offset, such as 2026-11-28T10:00:00Z',
      },
    }),
    ...(future
      ? [ValidateBy({
          name: 'future',
          validator: { validate: (value) => value instanceof Date && value.getTime() > Date.now(), defaultMessage: () => '$property must be in the future' },
        })]
      : []),
  );
}
