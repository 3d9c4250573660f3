/**
 * Keys of endpoints that serve models elsewhere, from `ENDPOINT_KEY_<NAME>=<origin> <key>`. A key belongs to an
 * origin: whoever may register endpoints could otherwise send the key to a host they control.
 */
export interface EndpointKey {
  /** For instance https://api.openai.com. */
  readonly origin: string;
  readonly secret: string;
}

const prefix = 'ENDPOINT_KEY_';
export const endpointKeyName = /^ENDPOINT_KEY_[A-Z0-9_]{1,60}$/;

/** Keys by variable name; `onMistake` gets one line per wrong variable, which never holds a key. */
export function readEndpointKeys(
  env: Record<string, string | undefined>,
  onMistake: (line: string) => void,
): Readonly<Record<string, EndpointKey>> {
  const keys: Record<string, EndpointKey> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(prefix) || !value?.trim()) continue;
    const [address, secret, ...rest] = value.trim().split(/\s+/);
    const origin = URL.canParse(address) ? new URL(address).origin : 'null';
    // Header values are printable ASCII.
    const fits = endpointKeyName.test(name) && /^https?:/.test(origin) && rest.length === 0 && /^[!-~]+$/.test(secret ?? '');
    if (fits) keys[name] = { origin, secret };
    else onMistake(`${name} must be the origin and the key, as in 'https://api.example.com sk-...'`);
  }
  return Object.freeze(keys);
}
