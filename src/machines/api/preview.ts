/** Tells what a machine would boot with another base or default of one of its profiles. Nothing is stored. */
import { readFormat } from '../../configs/formats.ts';
import { readUserData } from '../../configs/user-data.ts';
import { answerJson, apiBody } from '../../shared/http/api.ts';
import { refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import { SAMPLE_URL } from '../boot/masked.ts';
import { composeFor, layerTextsOf } from '../issue.ts';
import { readMachine } from '../machines.ts';
import { badField, firstError } from '../problems.ts';
import { TEXT_LIMIT } from '../records/model.ts';
import type { preview } from './call-answers.ts';
import { previewQuery } from './call-requests.ts';
import { readId, readShape } from './machine-request.ts';
import { type MachineRoom, refuse } from './room.ts';

/** Answers `POST /api/machines/{id}/preview?profile=&layer=`. It is 200 whether the layers merge or not. */
export async function previewMachine(room: MachineRoom, call: Call): Promise<Response> {
  const id = readId(call.req.param('id'));
  if (!id.ok) return refuse(call, { reason: 'unknown', what: 'machine' });
  const asked = readShape(previewQuery, call.req.query(), 'the query');
  if (!asked.ok) return refuse(call, asked.error);
  const { profile, layer } = asked.value;
  const body = await apiBody(room.platform, call.req.raw, TEXT_LIMIT);
  if (!body.ok) return answerProblem(call, body.error);
  const data = await readUserData(body.value, TEXT_LIMIT);
  if (!data.ok) return refuse(call, { reason: 'bad-user-data', fault: data.error });
  const { format, variant, platform = '', lenient = false } = asked.value;
  const written = readFormat(data.value, { format, variant, platform, lenient });
  if (!written.ok) return refuse(call, written.error);
  const stored = await readMachine(room, id.value);
  if (!stored.ok) return refuse(call, stored.error);
  const layers = await layerTextsOf(room, stored.value.value);
  if (!layers.ok) return refuse(call, layers.error);
  if (!layers.value.profiles.some(({ name }) => name === profile))
    return refuse(call, badField('profile', `is none of ${id.value}, which has ${named(layers.value.profiles)}`));
  const text = written.value.text === '' ? undefined : written.value.text;
  const profiles = layers.value.profiles.map((one) => (one.name === profile ? { ...one, [layer]: text } : one));
  const places = { origin: new URL(SAMPLE_URL).origin, url: SAMPLE_URL };
  const composed = await composeFor(room, stored.value.value, { ...layers.value, profiles }, places);
  if (!composed.ok) {
    if (composed.error.reason !== 'invalid') return refuse(call, composed.error);
    const { entries } = composed.error;
    const told = { valid: false, error: firstError(entries), entries: [...entries], config: null };
    return answerJson<typeof preview>({ id: id.value, ...told });
  }
  const { entries } = composed.value;
  const config = JSON.parse(composed.value.text) as Record<string, unknown>;
  return answerJson<typeof preview>({ id: id.value, valid: true, error: null, entries: [...entries], config });
}

const named = (profiles: readonly { readonly name: string }[]): string =>
  profiles.length === 0 ? 'none' : profiles.map(({ name }) => name).join(', ');
