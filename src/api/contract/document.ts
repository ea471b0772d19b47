/**
 * Makes the OpenAPI 3.1 document from the schemas with which the routes check requests. The build makes it, and not the
 * Worker, because the code for it is larger than all other code together. No I/O.
 */
import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import { ANY, type Call, problem, REFUSALS, type Refusal } from './call.ts';
import { contract } from './contract.ts';

type Route = Parameters<typeof createRoute>[0];

const TAGS: Readonly<Record<string, string>> = {
  'Mirror jobs': 'One job an attempt at a release: every file verified, or nothing published.',
  Releases: 'What is published, and how to take it back.',
  Aliases: '`current` and `current-YYYY`: what they name, and pins.',
  Machines: 'One record a machine: its user data, and the URLs that it boots from.',
  Fleets: 'One URL for a room of machines, and the machines that wait there.',
  Profiles: 'What machines have in common: base, default, engine.',
  'System extensions': 'Catalogues of others, mirrored by their signed lists.',
  Configs: 'Configs looked at; nothing is stored.',
  Access: 'Who may do what, and who has done what.',
  Webhooks: 'Messages to this service that a release is out.',
  Announcements: 'Messages from this service to the receivers of ANNOUNCE_URLS.',
  Service: 'What the service says of itself.',
};

const DESCRIPTION = `One Worker that mirrors Flatcar releases after checking every signature, and serves machines their
Ignition configs. Calls under \`/api\` take \`Authorization: Bearer TOKEN\`, where the token is a value of OPERATOR_TOKEN, which may
do everything, or one of \`PUT /api/tokens/{name}\`; each call says which words of \`may\` it needs. Bodies are read whatever their
Content-Type says. A name that a call does not take, in its query or in its body, is 422. \`dry_run=1\` works on every call that
stores something: the answer is the one that it would be, and nothing is stored. A resource with an \`ETag\` takes \`If-Match\` and
\`If-None-Match\`: 412 before anything is done. Lists are \`{items, cursor}\`; \`cursor\` leads to the next page and is null at the end.
Every refusal of a call under \`/api\` is
\`application/problem+json\`; a 500 is a bug of ours and carries nothing but an id; another method than
the ones listed is 405 with \`Allow\`. Nothing that is refused has changed anything.`;

/** Returns the document for this `version` of the software. */
export function apiDocument(version: string): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'operator', {
    type: 'http',
    scheme: 'bearer',
    description: 'a value of OPERATOR_TOKEN, or a token of `PUT /api/tokens/{name}`',
  });
  for (const [operationId, call] of Object.entries<Call>(contract))
    app.openAPIRegistry.registerPath(createRoute(routeOf(operationId, call)));
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Flatcar Edge',
      version,
      description: DESCRIPTION.replaceAll('\n', ' '),
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
}

function routeOf(operationId: string, call: Call): Route {
  const { method, path, tag, summary, description, isPublic, params, query, headers, body, answer } = call;
  // A name that a call does not take is refused whoever calls it.
  const refusals: readonly Refusal[] = isPublic ? [422, ...call.refusals] : [401, 403, 422, ...call.refusals];
  const answers = [...new Set(refusals)].sort().map((status) => [
    status,
    {
      description: REFUSALS[status],
      content: refusalContent(call),
    },
  ]);
  return {
    ...{ operationId, method, path, tags: [tag], summary },
    ...descriptionOf(description, call),
    ...(isPublic ? { security: [] } : { security: [{ operator: [] }] }),
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...headersOf(call, headers),
      ...(body === undefined ? {} : { body: bodyOf(body) }),
    },
    responses: { ...answersOf(answer), ...Object.fromEntries(answers) },
  } as Route;
}

function descriptionOf(description: string | undefined, { isPublic, needs = [] }: Call) {
  const words = needs.map((word) => `\`${word}\``).join(' or ');
  const needed =
    needs.length === 0 ? 'Needs OPERATOR_TOKEN.' : needs === ANY ? 'Any token will do.' : `Needs ${words}.`;
  const text = [description, isPublic ? undefined : needed].filter((part) => part !== undefined).join(' ');
  return text === '' ? {} : { description: text };
}

const PRECONDITIONS = {
  'if-match': z.string().optional().meta({ description: 'the `ETag` that it must have, or `*`', example: '"0c1f…"' }),
  'if-none-match': z.string().optional().meta({ description: '`*`: it must not exist yet' }),
};
const CONDITIONS = {
  'if-none-match': z.string().optional().meta({ description: 'an `ETag`: 304 where it is still the same' }),
};

function headersOf({ isConditional, method }: Call, headers: z.ZodObject | undefined) {
  if (isConditional !== true) return headers === undefined ? {} : { headers };
  return { headers: z.object({ ...headers?.shape, ...(method === 'get' ? CONDITIONS : PRECONDITIONS) }) };
}

function answersOf(answer: Call['answer']) {
  const { status, accepted } = answer;
  const later = accepted === undefined ? {} : { 202: { ...answerOf(answer), description: accepted } };
  return { [status]: answerOf(answer), ...later };
}

function refusalContent({ refusesIn, answer }: Call) {
  if (refusesIn === 'text/plain') return { 'text/plain': { schema: { type: 'string' } } };
  if (refusesIn === 'its-own-shape') return answerOf(answer).content;
  return { 'application/problem+json': { schema: problem } };
}

function bodyOf(body: NonNullable<Call['body']>) {
  const required = body.isOptional !== true;
  if (body.kind === 'json') return { required, content: { 'application/json': { schema: body.schema } } };
  const schema = { type: 'string', format: 'binary' } as const;
  const { example } = body;
  return { required, description: body.description, content: { [body.type]: { schema, example } } };
}

function answerOf({ description, schema, type }: Call['answer']) {
  const shape: z.ZodType | { type: 'string' } = schema ?? { type: 'string' };
  return { description, content: { [type ?? 'application/json']: { schema: shape } } };
}
