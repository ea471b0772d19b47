/** The entry: one app an isolate, found by its environment. */
import { type App, createApp, type Runtime } from './app.ts';
import { systemPlatform } from './shared/platform.ts';

const runtime: Runtime = {
  platform: systemPlatform,
  fixedLength: (length) => new FixedLengthStream(length),
  logSink: (line) => console.log(line),
};

const apps = new WeakMap<Env, App>();

function appFor(env: Env): App {
  const known = apps.get(env);
  if (known !== undefined) return known;
  const app = createApp(env, runtime);
  apps.set(env, app);
  return app;
}

export default {
  fetch: (request, env, context) => appFor(env).fetch(request, env, context),
} satisfies ExportedHandler<Env>;
