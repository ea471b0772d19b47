/** The routes under `/api/ignition`. They check and convert configs and store nothing. */
import { Hono } from 'hono';
import type * as z from 'zod';
import { jsonSchemaOf } from '../ignition/json-schema.ts';
import { type Reader, readerNamed, readerOfRelease } from '../ignition/reader.ts';
import { answerJson, apiBody, checkShape, shapeProblem } from '../shared/http/api.ts';
import { type App, refuse } from '../shared/http/call.ts';
import type { Platform } from '../shared/platform.ts';
import type { Problem } from '../shared/problem.ts';
import { err, ok, type Result } from '../shared/result.ts';
import type { jsonSchema, merged as mergedAnswer, transpiled as transpiledAnswer, validation } from './call-answers.ts';
import { schemaParams, transpileQuery, validateQuery } from './call-requests.ts';
import { isGzip } from './encodings.ts';
import { transpileText } from './fault-text.ts';
import { transpile } from './formats.ts';
import { merge, validate } from './inspect.ts';
import { isTar } from './tar.ts';
import { readUserData, type UserData, userDataProblem } from './user-data.ts';

const BODY_LIMIT = 8 * 1024 * 1024;

/** Returns the router of validate, merge, transpile and the JSON Schemas. */
export function ignitionRoutes(platform: Pick<Platform, 'timer'>): App {
  const app: App = new Hono();
  app.post('/validate', async (call) => {
    const asked = checkShape(validateQuery, call.req.query(), 'the query');
    if (!asked.ok) return refuse(call, shapeProblem(asked.error));
    const body = await apiBody(platform, call.req.raw, BODY_LIMIT);
    if (!body.ok) return refuse(call, body.error);
    const read = await readUserData(body.value, BODY_LIMIT);
    if (read.ok)
      return answerJson<typeof validation>(
        validate(read.value.text, asked.value.engine ?? 'ignition', read.value.notes, readerAsked(asked.value)),
      );
    if (read.error.reason === 'too-large')
      return refuse(call, { code: 'too-large', detail: userDataProblem(read.error) });
    const error = userDataProblem(read.error);
    return answerJson<typeof validation>({ valid: false, version: null, kind: 'none', error, entries: [] });
  });
  app.post('/merge', async (call) => {
    const body = await apiBody(platform, call.req.raw, BODY_LIMIT);
    if (!body.ok) return refuse(call, body.error);
    const merged = merge(new TextDecoder().decode(body.value));
    return merged.ok ? answerJson<typeof mergedAnswer>(merged.value) : refuse(call, merged.error);
  });
  app.post('/transpile', async (call) => {
    const asked = checkShape(transpileQuery, call.req.query(), 'the query');
    if (!asked.ok) return refuse(call, shapeProblem(asked.error));
    const { from, variant, platform: cloudPlatform = '', strict = false } = asked.value;
    const body = await apiBody(platform, call.req.raw, BODY_LIMIT);
    if (!body.ok) return refuse(call, body.error);
    const source = await sourceIn(body.value);
    if (!source.ok) return refuse(call, source.error);
    const { text, files } = source.value;
    const transpiled = transpile(text, from, { strict, platform: cloudPlatform, variant, files });
    if (transpiled.ok)
      return answerJson<typeof transpiledAnswer>({
        config: transpiled.value.config,
        entries: transpiled.value.entries,
      });
    const { error } = transpiled;
    return refuse(call, {
      code: 'invalid-config',
      detail: transpileText(error.error, error.entries),
      members: { ...error },
    });
  });
  app.get('/schemas/:version', (call) => {
    const asked = checkShape(schemaParams, call.req.param());
    const schema = asked.ok ? jsonSchemaOf(asked.value.version) : undefined;
    return schema === undefined
      ? refuse(call, { code: 'not-found', detail: 'no such spec version' })
      : answerJson<typeof jsonSchema>(schema);
  });
  return app;
}

function readerAsked({ ignition, release }: z.output<typeof validateQuery>): Reader | undefined {
  const named = readerNamed(ignition ?? '');
  if (named.ok) return named.value;
  return release === undefined ? undefined : readerOfRelease(release);
}

const unreadable = {
  detail: 'yaml: the body is not UTF-8',
  members: { error: 'yaml: the body is not UTF-8', entries: [] },
};

/** Returns the source in a body: YAML, or a tar that holds it with its files. */
async function sourceIn(bytes: Uint8Array<ArrayBuffer>): Promise<Result<Pick<UserData, 'text' | 'files'>, Problem>> {
  if (isTar(bytes) || isGzip(bytes)) {
    const read = await readUserData(bytes, BODY_LIMIT);
    if (read.ok) return read;
    const code = read.error.reason === 'too-large' ? 'too-large' : 'invalid-config';
    return err({ code, detail: userDataProblem(read.error) });
  }
  const text = asUtf8(bytes);
  return text === undefined ? err({ code: 'invalid-config', ...unreadable }) : ok({ text });
}

/** Decodes a body of YAML. Returns `undefined` when the bytes are not UTF-8. */
function asUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
