/** The operator's call about the keyring: fetch the signing key now, and not at the next poll. */
import { Hono } from 'hono';
import { releaseProblem } from '../../releases/serve/problems.ts';
import { answerJson } from '../../shared/http/api.ts';
import type { App } from '../../shared/http/call.ts';
import { fingerprintOf, lastingSigningKey } from '../../signing/keyring.ts';
import type { keyringView } from './call-shapes.ts';
import { type MirrorRoom, refuse } from './room.ts';

/** Returns the routes below `/api/keyring`. */
export function keyringRoutes(room: MirrorRoom): App {
  const app: App = new Hono();
  app.post('/refresh', async (call) => {
    const keyring = await room.trustedKeys.refreshed();
    if (!keyring.ok) return refuse(call, releaseProblem(keyring.error));
    const lasting = await lastingSigningKey(keyring.value, room.platform.now());
    return answerJson<typeof keyringView>({
      trusted: keyring.value.keys.map(fingerprintOf),
      signingKey:
        lasting === undefined
          ? null
          : {
              fingerprint: lasting.fingerprint,
              expiresAt: lasting.expires === undefined ? null : new Date(lasting.expires).toISOString(),
            },
      dryRun: room.isDry,
    });
  });
  return app;
}
