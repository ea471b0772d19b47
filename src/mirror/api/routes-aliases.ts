/** The operator's calls about aliases: show one, pin it, unpin it. */
import { Hono } from 'hono';
import type { Version } from '../../releases/model.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { answerJson, apiBody, apiObject, checkShape, shapeProblem } from '../../shared/http/api.ts';
import type { App } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { pinAlias, unpinAlias } from '../pin.ts';
import { type aliasView, pinBody } from './call-shapes.ts';
import { aliasFields, aliasOf, type MirrorRoom, refuse } from './room.ts';

const BODY_LIMIT = 256 * 1024;

/** Returns the routes below `/api/aliases`. */
export function aliasRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/:channel/:board/:alias', async (call) => {
    const target = aliasOf(room, call);
    if (!target.ok) return refuse(call, target.error);
    const stored = await room.releases.alias(target.value, target.value.alias);
    return stored.ok
      ? answerJson<typeof aliasView>({ ...target.value, ...aliasFields(stored.value) })
      : refuse(call, releaseProblem(stored.error));
  });
  app.put('/:channel/:board/:alias', async (call) => {
    const target = aliasOf(room, call);
    if (!target.ok) return refuse(call, target.error);
    const body = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
    const version = body.ok ? readPin(body.value) : body;
    if (!version.ok) return refuse(call, version.error);
    const index = await room.releases.index(target.value);
    if (!index.ok) return refuse(call, releaseProblem(index.error));
    if (!index.value.releases.some((release) => release.version === version.value)) {
      return refuse(call, { code: 'invalid', detail: `version: ${version.value} is not published here` });
    }
    const pinned = await pinAlias(room, target.value, target.value.alias, version.value);
    if (!pinned.ok) return refuse(call, pinned.error.reason === 'conflict' ? GONE : releaseProblem(pinned.error));
    return answerJson<typeof aliasView>({ ...target.value, ...aliasFields(pinned.value) });
  });
  app.delete('/:channel/:board/:alias', async (call) => {
    const target = aliasOf(room, call);
    if (!target.ok) return refuse(call, target.error);
    const unpinned = await unpinAlias(room, target.value, target.value.alias);
    return unpinned.ok
      ? answerJson<typeof aliasView>({ ...target.value, ...aliasFields(unpinned.value) })
      : refuse(call, releaseProblem(unpinned.error));
  });
  return app;
}

const GONE: Problem = {
  code: 'conflict',
  detail: 'this release is being taken away; mirror it again, then pin the alias to it',
};

function readPin(bytes: Uint8Array): Result<Version, Problem> {
  const body = apiObject(bytes);
  if (!body.ok) return body;
  const pin = checkShape(pinBody, body.value);
  return pin.ok ? ok(pin.value.version as Version) : err(shapeProblem(pin.error));
}
