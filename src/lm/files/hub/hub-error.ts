/** What went wrong with the Hub or its cache; the message names the repository, file or variable. */
export class HubError extends Error {
  override name = 'HubError';

  constructor(
    message: string,
    /** HTTP status, where an answer was the reason. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
