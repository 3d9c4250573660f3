// Who is labeling. The link a labeler gets carries the key in its fragment, which browsers never send to a server;
// it is taken out of the address bar at once and kept for this tab only.

const storageKey = 'plumbline-labeler-key';

/** The key out of a fragment such as `#plk_...`; undefined when it is none. */
export function keyOfFragment(fragment: string): string | undefined {
  return /^#(plk_[\w-]{16,128})$/.exec(fragment)?.[1];
}

/** The key of the link that was just opened, else that of this tab. */
export function takeKey(): string | undefined {
  const given = keyOfFragment(location.hash);
  if (given !== undefined) {
    sessionStorage.setItem(storageKey, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(storageKey) ?? undefined;
}

export function forgetKey(): void {
  sessionStorage.removeItem(storageKey);
}
