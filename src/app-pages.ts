/** Wires the pages. The build writes their text to dist/pages, and the Worker bundles it. */
import consoleScript from '../dist/pages/console.js.txt';
import copyScript from '../dist/pages/copy.js.txt';
import apiDocument from '../dist/pages/openapi.json.txt';
import style from '../dist/pages/style.css.txt';
import type { MirrorParts, ReleaseParts } from './app-rooms.ts';
import type { Config } from './config.ts';
import { overviewTeller } from './pages/home/overview.ts';
import type { PageRoom } from './pages/routes-pages.ts';
import { channelOfHost } from './releases/path.ts';
import type { Platform } from './shared/platform.ts';

/** Returns the page room. It shows what the release room and the mirror know. */
export function pageRoom(config: Config, platform: Platform, releases: ReleaseParts, mirror: MirrorParts): PageRoom {
  const { catalogue } = config;
  const { store, versionFiles, trustedKeys } = releases;
  return {
    platform,
    built: { style, consoleScript, copyScript, apiDocument },
    overview: overviewTeller({
      ...{ platform, catalogue, store, versionFiles, trustedKeys },
      notes: () => mirror.room.store.notes(),
    }),
    publicUrl: config.PUBLIC_URL,
    isChannelHost: (host) => channelOfHost(host, catalogue, config.RELEASE_HOST_SUFFIX) !== undefined,
  };
}
