/** The operator's calls about the keyring: show it, and fetch the signing key now, not at the next poll. */
import { Hono } from 'hono';
import type * as z from 'zod';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { answerJson } from '../../shared/http/api.ts';
import type { App } from '../../shared/http/call.ts';
import { keyTimeline } from '../../signing/key-timeline.ts';
import { fingerprintOf, type Keyring, lastingSigningKey } from '../../signing/keyring.ts';
import type { keyringView } from './call-shapes.ts';
import { type MirrorRoom, refuse } from './room.ts';

/** Returns the routes below `/api/keyring`. */
export function keyringRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.get('/', async (call) => {
    const keyring = await room.trustedKeys.current();
    return keyring.ok
      ? answerJson<typeof keyringView>(await viewOf(keyring.value, room))
      : refuse(call, releaseProblem(keyring.error));
  });
  app.post('/refresh', async (call) => {
    const keyring = await room.trustedKeys.refreshed();
    return keyring.ok
      ? answerJson<typeof keyringView>({ ...(await viewOf(keyring.value, room)), dryRun: room.isDry })
      : refuse(call, releaseProblem(keyring.error));
  });
  return app;
}

async function viewOf(keyring: Keyring, { platform }: MirrorRoom): Promise<z.output<typeof keyringView>> {
  const now = platform.now();
  const lasting = await lastingSigningKey(keyring, now);
  const spans = await keyTimeline(keyring, now);
  return {
    trusted: keyring.keys.map(fingerprintOf),
    signingKey:
      lasting === undefined ? null : { fingerprint: lasting.fingerprint, expiresAt: momentOf(lasting.expires) },
    keys: spans.map(({ from, until, ...rest }) => ({
      ...rest,
      from: new Date(from).toISOString(),
      until: momentOf(until),
    })),
  };
}

const momentOf = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
