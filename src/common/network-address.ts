/**
 * Which addresses an endpoint that users name may have. Whoever may register one could otherwise make a worker speak
 * to what only the worker can reach (server-side request forgery).
 */
import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';

  constructor(
    readonly host: string,
    address: string,
  ) {
    const where = host === address ? address : `${host} (${address})`;
    super(`${where} is not a public address; set ALLOW_PRIVATE_ENDPOINTS to allow private addresses`);
  }
}

/**
 * Never a legitimate model server, and a favourite target: cloud metadata is link-local, and at 168.63.129.16 in Azure. Both also in the
 * forms of translators (NAT64, 6to4). Tunnels (2001::/32, Teredo) lead anywhere.
 */
const never = blockList(
  ['0.0.0.0/8', '168.63.129.16/32', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/3'],
  [
    '::/128', '100::/64', '2001::/23', '2001:db8::/32', '3fff::/20', '5f00::/16', 'fd00:ec2::/32', 'fe80::/10', 'ff00::/8',
    '64:ff9b::a9fe:0/112', '64:ff9b::a83f:8110/128', '2002:a9fe::/32', '2002:a83f:8110::/48',
  ],
);
/** IPv4 addresses as IPv6 had them once; the loopback address of IPv6 lies among them. */
const compatible = blockList([], ['::/96']);
const loopback = blockList([], ['::1/128']);
/** Loopback, private, shared and translated ones: where vLLM and Ollama usually run. */
const inside = blockList(
  ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15'],
  ['::1/128', 'fc00::/7', 'fec0::/10', '64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'],
);

function blockList(v4: string[], v6: string[]): BlockList {
  const list = new BlockList();
  const add = (range: string, family: 'ipv4' | 'ipv6'): void => {
    const [network, bits] = range.split('/');
    list.addSubnet(network, Number(bits), family);
  };
  v4.forEach((range) => add(range, 'ipv4'));
  v6.forEach((range) => add(range, 'ipv6'));
  return list;
}

/** An IPv4 address mapped into IPv6 counts as what it maps. */
export function mayConnect(address: string, allowPrivate: boolean): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (compatible.check(address, family) && !loopback.check(address, family)) return false;
  return !never.check(address, family) && (allowPrivate || !inside.check(address, family));
}

/** Host of a URL as an address where it is one: sockets connect to those without a lookup. */
export function literalAddress(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? undefined : host;
}

/** As `dns.lookup` with `all`. */
export type Resolver = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Name resolution for sockets that gives the addresses it has checked, so that what is checked is what is
 * connected to, however the name resolves the next time. One refused address refuses the name.
 */
export function guardedLookup(allowPrivate: boolean, resolve: Resolver = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const refused = addresses.find(({ address }) => !mayConnect(address, allowPrivate));
      if (refused) return callback(new AddressRefusedError(hostname, refused.address), '', 0);
      if (options.all) return callback(null, addresses);
      callback(null, addresses[0].address, addresses[0].family);
    });
  };
}

/** Looks a URL's host up. @throws AddressRefusedError, and the resolver's error where the name is unknown */
export async function checkAddress(url: URL, allowPrivate: boolean, resolver?: Resolver): Promise<void> {
  const literal = literalAddress(url);
  if (literal !== undefined) {
    if (!mayConnect(literal, allowPrivate)) throw new AddressRefusedError(literal, literal);
    return;
  }
  await new Promise<LookupAddress[]>((resolve, reject) => {
    guardedLookup(allowPrivate, resolver)(url.hostname, { all: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses as LookupAddress[]),
    );
  });
}
