/** An endpoint that gave no completions. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';

  constructor(
    /** Stable; becomes the code of the job's error. */
    readonly code:
      | 'endpoint_address_private'
      | 'endpoint_key_missing'
      | 'endpoint_key_origin'
      | 'endpoint_refused'
      | 'endpoint_answer_unreadable'
      | 'endpoint_answer_empty'
      | 'endpoint_unavailable'
      | 'conversation_refused',
    message: string,
    /** Whether the same request may succeed later. */
    readonly retriable = false,
    /** The server's `Retry-After` header. */
    readonly retryAfter?: string,
    /** Whether it is about this prompt, and others may be answered all the same. */
    readonly ofPrompt = code === 'endpoint_answer_unreadable' || code === 'endpoint_answer_empty',
  ) {
    super(message);
  }
}
