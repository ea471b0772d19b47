/**
 * People who come through Cloudflare Access. Access adds a signed token to each request
 * (developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json):
 * its signature, its issuer, its audience and its dates are checked, and its groups become words of `scopes`.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { guardedFetch } from '../shared/http/guarded-fetch.ts';
import { readLimited } from '../shared/http/read-limited.ts';
import type { Platform } from '../shared/platform.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { Caller, Scope } from './scopes.ts';

export interface TeamRules {
  /** The issuer: `https://TEAM.cloudflareaccess.com`. */
  readonly issuer: string;
  /** The audience tag of the Access application. */
  readonly audience: string;
  /** What members of a group, or a person by e-mail address, may do. */
  readonly groups: ReadonlyMap<string, readonly Scope[] | 'everything'>;
}

export type TeamFault =
  /** The token proves nobody. */
  | { readonly reason: 'not-proven'; readonly detail: string }
  /** The keys of the team cannot be had at the moment. */
  | { readonly reason: 'keys-unreachable'; readonly detail: string; readonly cause?: unknown };

const KEYS_FOR_MS = 3_600_000;
/** A token can name any key. Made-up names must not become a stream of requests to Cloudflare. */
const REFETCH_AFTER_MS = 60_000;
const MOST_BYTES = 256 * 1024;

/** Proves the tokens of one Access application. */
export class Team {
  #keys: { readonly set: JSONWebKeySet; readonly at: number } | undefined;

  constructor(
    private readonly platform: Platform,
    private readonly rules: TeamRules,
  ) {}

  /** Returns the person or the service whom a token proves, with what their groups may do. */
  async caller(token: string): Promise<Result<Caller, TeamFault>> {
    const first = await this.#claims(token, KEYS_FOR_MS);
    // Access rotates its keys every six weeks; a token of a new key comes before the hour is over.
    const isNewKey = !first.ok && first.error.reason === 'not-proven' && first.error.detail === NO_KEY;
    const claims = isNewKey ? await this.#claims(token, REFETCH_AFTER_MS) : first;
    if (!claims.ok) return claims;
    const named = groupsOf(claims.value);
    const groups = named.length > 0 ? named : await this.#askedGroups(token);
    return ok(this.#callerWith(claims.value, groups));
  }

  #callerWith(claims: JWTPayload, groups: readonly string[]): Caller {
    const email = textOf(claims['email']);
    const who = email ?? textOf(claims['common_name']) ?? claims.sub ?? 'somebody';
    const words = new Set<Scope>();
    for (const name of [who, ...groups]) {
      const may = this.rules.groups.get(name);
      if (may === 'everything') return { who, may };
      for (const word of may ?? []) words.add(word);
    }
    return { who, may: words };
  }

  async #claims(token: string, keysFor: number): Promise<Result<JWTPayload, TeamFault>> {
    const keys = await this.#currentKeys(keysFor);
    if (!keys.ok) return keys;
    try {
      const { issuer, audience } = this.rules;
      const verified = await jwtVerify(token, createLocalJWKSet(keys.value), {
        ...{ issuer, audience },
        algorithms: ['RS256', 'ES256'],
        requiredClaims: ['exp', 'iat'],
        currentDate: new Date(this.platform.now()),
      });
      return ok(verified.payload);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey) return err({ reason: 'not-proven', detail: NO_KEY });
      if (!(cause instanceof errors.JOSEError)) throw cause;
      return err({ reason: 'not-proven', detail: cause.message });
    }
  }

  async #currentKeys(keysFor: number): Promise<Result<JSONWebKeySet, TeamFault>> {
    const now = this.platform.now();
    if (this.#keys !== undefined && now - this.#keys.at < keysFor) return ok(this.#keys.set);
    const fetched = await this.#json('/cdn-cgi/access/certs', {});
    const keys = fetched.ok ? (fetched.value as { keys?: unknown }).keys : undefined;
    if (Array.isArray(keys)) {
      this.#keys = { set: { keys }, at: now };
      return ok(this.#keys.set);
    }
    // Keys of an hour ago still prove; Access keeps a key for seven days after its rotation.
    if (this.#keys !== undefined) return ok(this.#keys.set);
    if (!fetched.ok) return fetched;
    return err({
      reason: 'keys-unreachable',
      detail: 'the certificates of the Access team are not what they should be',
    });
  }

  /** Groups that do not fit into the token are told by the identity call. Without an answer there are none. */
  async #askedGroups(token: string): Promise<string[]> {
    const isNeeded = [...this.rules.groups.keys()].some((name) => !name.includes('@'));
    if (!isNeeded) return [];
    const identity = await this.#json('/cdn-cgi/access/get-identity', { cookie: `CF_Authorization=${token}` });
    return identity.ok ? groupsOf(identity.value as JWTPayload) : [];
  }

  async #json(path: string, headers: Readonly<Record<string, string>>): Promise<Result<object, TeamFault>> {
    const policy = { ownHosts: [], allowedHosts: [] };
    const url = `${this.rules.issuer}${path}`;
    const answer = await guardedFetch(this.platform, { url, method: 'GET', headers, policy });
    const unreachable = (detail: string, cause?: unknown) =>
      err({ reason: 'keys-unreachable', detail, cause } as const);
    if (!answer.ok) return unreachable(`the Access team does not answer: ${answer.error.detail}`, answer.error.cause);
    const { response } = answer.value;
    const body = await readLimited(this.platform, response.body, MOST_BYTES);
    if (!response.ok || !body.ok) return unreachable(`the Access team answers ${response.status}`);
    try {
      const json: unknown = JSON.parse(new TextDecoder().decode(body.value));
      return typeof json === 'object' && json !== null ? ok(json) : unreachable('the Access team answers no object');
    } catch {
      return unreachable('the Access team answers no JSON');
    }
  }
}

const NO_KEY = 'no key of the Access team has signed it';

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Groups come as names or as objects with a name, at the top or among the custom claims of the identity provider. */
function groupsOf(claims: JWTPayload): string[] {
  const custom = claims['custom'];
  const nested = typeof custom === 'object' && custom !== null ? Reflect.get(custom, 'groups') : undefined;
  const listed = [claims['groups'], nested].flatMap((value) => (Array.isArray(value) ? value : []));
  return listed.flatMap((group: unknown) => {
    const name = typeof group === 'object' && group !== null ? Reflect.get(group, 'name') : group;
    const text = textOf(name);
    return text === undefined ? [] : [text];
  });
}
