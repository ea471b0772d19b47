/** The operator's calls about aliases: see, pin, unpin. */
import { Hono } from 'hono';
import type { Pair, Version } from '../../releases/model.ts';
import { changeAlias } from '../../releases/serve/current.ts';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { answerJson, apiBody, apiObject, checkShape, shapeProblem } from '../../shared/http/api.ts';
import type { App, Call } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type aliasView, pinBody } from './call-shapes.ts';
import { aliasFields, aliasOf, type MirrorRoom, refuse } from './room.ts';

const BODY_LIMIT = 256 * 1024;

/** `/api/aliases`: pin and unpin. */
export function aliasRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/:channel/:board/:alias', async (call) => {
    const named = aliasOf(room, call);
    if (!named.ok) return refuse(call, named.error);
    const stored = await room.releases.alias(named.value, named.value.alias);
    return stored.ok
      ? answerJson<typeof aliasView>({ ...named.value, ...aliasFields(stored.value) })
      : refuse(call, releaseProblem(stored.error));
  });
  app.put('/:channel/:board/:alias', async (call) => {
    const named = aliasOf(room, call);
    if (!named.ok) return refuse(call, named.error);
    const body = await apiBody(room.platform, call.req.raw, BODY_LIMIT);
    const version = body.ok ? readPin(body.value) : body;
    if (!version.ok) return refuse(call, version.error);
    const index = await room.releases.index(named.value);
    if (!index.ok) return refuse(call, releaseProblem(index.error));
    if (!index.value.releases.some((release) => release.version === version.value)) {
      return refuse(call, { code: 'invalid', detail: `version: ${version.value} is not published here` });
    }
    return await setPin(room, call, named.value, version.value);
  });
  app.delete('/:channel/:board/:alias', async (call) => {
    const named = aliasOf(room, call);
    return named.ok ? await setPin(room, call, named.value, null) : refuse(call, named.error);
  });
  return app;
}

async function setPin(
  room: MirrorRoom,
  call: Call,
  named: Pair & { alias: Parameters<typeof changeAlias>[3] },
  pin: Version | null,
): Promise<Response> {
  const since = new Date(room.platform.now()).toISOString();
  const changed = await changeAlias(room.platform, room.releases, named, named.alias, (record) =>
    record.pin === pin ? record : { ...record, pin, since },
  );
  return changed.ok
    ? answerJson<typeof aliasView>({ ...named, ...aliasFields(changed.value) })
    : refuse(call, releaseProblem(changed.error));
}

function readPin(bytes: Uint8Array): Result<Version, Problem> {
  const body = apiObject(bytes);
  if (!body.ok) return body;
  const pin = checkShape(pinBody, body.value);
  return pin.ok ? ok(pin.value.version as Version) : err(shapeProblem(pin.error));
}
