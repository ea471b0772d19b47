/** People who come through Cloudflare Access: what proves them, what does not, and what their groups let them do. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseGroups } from '../../src/access/scopes.ts';
import { systemPlatform } from '../../src/shared/platform.ts';
import { type NodeEdge, nodeEdge } from '../support/node-edge.ts';

const TEAM = 'https://acme.cloudflareaccess.com';
const AUD = '32eafc7626e974616deaf0dc3ce63d7b';
let pairs: Record<'first' | 'second' | 'foreign', CryptoKeyPair>;
beforeAll(async () => {
  const make = async () => (await generateKeyPair('RS256')) as CryptoKeyPair;
  pairs = { first: await make(), second: await make(), foreign: await make() };
});

let edge: NodeEdge;
let shift: number;
/** What the team's hosts answer with, and how often each was asked. */
let published: ('first' | 'second')[];
let isAway: boolean;
let identity: object | undefined;
let asked: string[];
beforeEach(async () => {
  [shift, published, isAway, identity, asked] = [0, ['first'], false, undefined, []];
  edge = await nodeEdge({
    platform: { now: () => Date.now() + shift, timer: (milliseconds) => systemPlatform.timer(milliseconds / 50) },
    vars: {
      ...{ ACCESS_TEAM: 'Acme.cloudflareaccess.com', ACCESS_AUD: AUD },
      ACCESS_GROUPS: 'platform=machines+profiles, auditors=read, alice@example.org=everything',
    },
    elsewhere: (request) => answer(request),
  });
});

async function answer(request: Request): Promise<Response> {
  const { pathname, origin } = new URL(request.url);
  asked.push(pathname);
  if (isAway || origin !== TEAM) return new Response('away', { status: 500 });
  if (pathname === '/cdn-cgi/access/get-identity')
    return identity === undefined ? new Response(null, { status: 400 }) : Response.json(identity);
  const keys = await Promise.all(
    published.map(async (name) => ({ ...(await exportJWK(pairs[name].publicKey)), kid: name, alg: 'RS256' })),
  );
  return Response.json({ keys });
}

interface Made {
  readonly by?: keyof typeof pairs;
  readonly kid?: string;
  readonly claims?: JWTPayload;
  readonly issuer?: string;
  readonly audience?: string;
  readonly expires?: number;
}

async function token({ by = 'first', kid = by, claims = {}, issuer = TEAM, audience = AUD, expires = 600 }: Made) {
  const now = Math.floor((Date.now() + shift) / 1000);
  return await new SignJWT({ email: 'bob@example.org', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + expires)
    .sign(pairs[by].privateKey);
}

const as = async (assertion: string, method: string, path: string, headers: Record<string, string> = {}) =>
  await edge.fetch(path, { method, headers: { 'cf-access-jwt-assertion': assertion, ...headers } });
const me = async (assertion: string) => await (await as(assertion, 'GET', '/api/me')).json();

describe('a person', () => {
  it.each([
    ['by their groups', { groups: ['platform', 'others'] }, 'bob@example.org', ['machines', 'profiles']],
    ['by groups with names', { groups: [{ id: '1', name: 'auditors' }] }, 'bob@example.org', ['read']],
    [
      'by groups of the identity provider',
      { custom: { groups: ['auditors', 'platform'] } },
      'bob@example.org',
      ['read', 'machines', 'profiles'],
    ],
    ['by their address', { email: 'alice@example.org' }, 'alice@example.org', 'everything'],
    ['without any group', {}, 'bob@example.org', []],
    ['that is a service', { email: undefined, common_name: 'ci.access', groups: ['auditors'] }, 'ci.access', ['read']],
  ])('may %s', async (_how, claims, who, may) => {
    expect(await me(await token({ claims: claims as JWTPayload }))).toMatchObject({ who, may });
  });

  it('is asked about where the token names no groups', async () => {
    identity = { email: 'bob@example.org', groups: [{ name: 'auditors' }] };
    expect(await me(await token({}))).toMatchObject({ may: ['read'] });
  });

  it('leaves their name in the audit trail, and does only what they may', async () => {
    const assertion = await token({ claims: { groups: ['platform'] } });
    expect((await as(assertion, 'PUT', '/api/machines/vm')).status).toBe(200);
    expect((await as(assertion, 'GET', '/api/machines/export')).status).toBe(403);
    expect(await (await edge.call('GET', '/api/audit')).json()).toMatchObject({
      items: [{ who: 'bob@example.org', call: 'putMachine' }],
    });
  });

  it('writes from the own pages alone', async () => {
    const assertion = await token({ claims: { email: 'alice@example.org' } });
    for (const [headers, status] of [
      [{ 'sec-fetch-site': 'cross-site' }, 401],
      [{ 'sec-fetch-site': 'same-site' }, 401],
      [{ origin: 'https://evil.example' }, 401],
      [{ origin: 'null' }, 401],
      [{ 'sec-fetch-site': 'same-origin' }, 200],
      [{ origin: 'http://edge.test' }, 200],
      [{}, 200],
    ] as const)
      expect((await as(assertion, 'PUT', '/api/machines/vm', headers)).status, JSON.stringify(headers)).toBe(status);
    expect((await as(assertion, 'GET', '/api/machines', { 'sec-fetch-site': 'cross-site' })).status).toBe(200);
  });
});

describe('a token of Access', () => {
  it.each<[string, Made]>([
    ['of another team', { issuer: 'https://evil.cloudflareaccess.com' }],
    ['for another application', { audience: 'other' }],
    ['that has ended', { expires: -60 }],
    ['that a foreign key has signed', { by: 'foreign', kid: 'first' }],
    ['of an unknown key', { by: 'foreign' }],
  ])('%s is refused', async (_what, made) => {
    const refused = await as(await token(made), 'GET', '/api/me');
    expect([refused.status, await refused.json()]).toMatchObject([
      401,
      { detail: expect.stringMatching(/^the Access token is refused/) },
    ]);
  });

  it.each(['', 'x', 'a.b.c', `${btoa('{"alg":"none"}')}.${btoa('{"email":"alice@example.org"}')}.`])(
    '%j is refused',
    async (text) => {
      expect((await as(text, 'GET', '/api/me')).status).toBe(401);
    },
  );

  it('counts for nothing beside an Authorization header, and where no team is configured', async () => {
    const assertion = await token({ claims: { email: 'alice@example.org' } });
    expect((await as(assertion, 'GET', '/api/me', { authorization: 'Bearer none' })).status).toBe(401);
    const without = await nodeEdge();
    expect((await without.fetch('/api/me', { headers: { 'cf-access-jwt-assertion': assertion } })).status).toBe(401);
  });
});

describe('the keys of the team', () => {
  it('are asked for once an hour, and again for a new key, once a minute', async () => {
    const certs = () => asked.filter((path) => path.endsWith('/certs')).length;
    for (let count = 0; count < 3; count += 1) await me(await token({}));
    expect(certs()).toBe(1);
    published = ['second', 'first'];
    expect((await as(await token({ by: 'second' }), 'GET', '/api/me')).status).toBe(401);
    shift = 61_000;
    expect((await as(await token({ by: 'second' }), 'GET', '/api/me')).status).toBe(200);
    expect(certs()).toBe(2);
    for (let count = 0; count < 10; count += 1) await as(await token({ by: 'foreign' }), 'GET', '/api/me');
    expect(certs()).toBe(2);
  });

  it('of an hour ago prove while the team is away; without any it is 503', async () => {
    expect((await as(await token({}), 'GET', '/api/me')).status).toBe(200);
    isAway = true;
    shift = 2 * 3_600_000;
    expect((await as(await token({}), 'GET', '/api/me')).status).toBe(200);
    const other = await nodeEdge({
      vars: { ACCESS_TEAM: 'acme', ACCESS_AUD: AUD },
      elsewhere: (request) => answer(request),
    });
    const later = await other.fetch('/api/me', { headers: { 'cf-access-jwt-assertion': await token({}) } });
    expect([later.status, later.headers.get('retry-after')]).toEqual([503, '5']);
  });
});

it.each([
  ['a=read', [['a', ['read']]]],
  [
    ' a = read + mirror , b=everything,',
    [
      ['a', ['read', 'mirror']],
      ['b', 'everything'],
    ],
  ],
  ['cn=x=read', [['cn=x', ['read']]]],
  ['', []],
  ['a', undefined],
  ['a=', undefined],
  ['=read', undefined],
  ['a=read+everything', undefined],
  ['a=write', undefined],
])('the groups %j', (text, groups) => {
  const parsed = parseGroups(text);
  expect(parsed.ok ? [...parsed.value] : undefined).toEqual(groups);
});
