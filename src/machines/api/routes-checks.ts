/** The routes about checks: a change of a profile that is tried on all of its machines before it is stored. */
import { answerJson } from '../../shared/http/api.ts';
import { type App, refuse as answerProblem, type Call } from '../../shared/http/call.ts';
import type { Problem } from '../../shared/problem.ts';
import { storeProblemText } from '../../shared/store.ts';
import type { CheckRecord } from '../checks/check-record.ts';
import { cancelCheck, lookAt } from '../checks/run-check.ts';
import { changeParams, pageQuery } from './call-requests.ts';
import { readProfileName, readShape } from './machine-request.ts';
import { named } from './page-items.ts';
import type { changePage, changeView } from './profile-answers.ts';
import { checkPorts, type MachineRoom, placeIn, refuse } from './room.ts';

const PAGE = 20;
const UNKNOWN: Problem = { code: 'not-found', detail: 'there is no such change of this profile' };

/** Adds `/{name}/changes` and `/{name}/changes/{id}`. */
export function addCheckRoutes(app: App, room: MachineRoom): void {
  app.get('/:name/changes', (call) => listChecks(room, call));
  app.get('/:name/changes/:change', async (call) => {
    const asked = readShape(changeParams, call.req.param());
    if (!asked.ok) return answerProblem(call, UNKNOWN);
    const found = await lookAt(checkPorts(room), asked.value.name, asked.value.change);
    if (!found.ok) return refuse(call, found.error);
    return found.value === undefined ? answerProblem(call, UNKNOWN) : answerJson<typeof changeView>(view(found.value));
  });
  app.delete('/:name/changes/:change', async (call) => {
    const asked = readShape(changeParams, call.req.param());
    if (!asked.ok) return answerProblem(call, UNKNOWN);
    const ended = await cancelCheck(checkPorts(room), asked.value.name, asked.value.change);
    if (!ended.ok) return refuse(call, ended.error);
    if (ended.value === undefined) return answerProblem(call, UNKNOWN);
    call.set('change', { before: 'checking', after: ended.value.state });
    return answerJson<typeof changeView>(view(ended.value));
  });
}

async function listChecks(room: MachineRoom, call: Call): Promise<Response> {
  const name = readProfileName(call.req.param('name'));
  if (!name.ok) return refuse(call, { reason: 'unknown', what: 'profile' });
  const asked = readShape(pageQuery, call.req.query());
  if (!asked.ok) return refuse(call, asked.error);
  const list = `changes of ${name.value}`;
  const place = await placeIn(room, list, asked.value.cursor);
  if (!place.ok) return refuse(call, place.error);
  const page = await room.check.checks.ids(name.value, place.value, PAGE);
  if (!page.ok) return refuse(call, page.error);
  const items = [];
  const unreadable = [];
  for (const id of page.value.ids) {
    const found = await lookAt(checkPorts(room), name.value, id);
    if (found.ok && found.value !== undefined) items.push(view(found.value));
    if (found.ok) continue;
    if (found.error.reason !== 'stored-malformed') return refuse(call, found.error);
    unreadable.push({ id, reason: storeProblemText(found.error) });
  }
  const next = page.value.isLast ? null : (page.value.ids.at(-1) ?? null);
  const cursor = await room.cursors.make(list, next);
  return answerJson<typeof changePage>({ items, ...named(unreadable), cursor });
}

/** The public fields of a check. It names each field, so that other fields stay private. */
function view(check: CheckRecord) {
  const { id, profile, state, detail, what, by, startedAt, heartbeatAt, finishedAt } = check;
  const { checked, broken, breaks, unreadable } = check;
  return {
    ...{ id, profile, state },
    ...(detail === undefined ? {} : { detail }),
    ...{ what, by, startedAt, heartbeatAt, finishedAt, checked, broken, breaks, unreadable },
  };
}
