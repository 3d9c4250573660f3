import fresh from 'fresh';

/** Whether an `If-None-Match` header names the entity tag (RFC 9110, weak comparison), so that the client has it already. */
export function noneMatches(header: string | undefined, etag: string): boolean {
  return header !== undefined && fresh({ 'if-none-match': header }, { etag });
}
