/** Wires the pages. The build writes the static files to public/, and the platform keeps them beside the Worker. */
import type { MirrorParts, ReleaseParts } from './app-rooms.ts';
import type { Config } from './config.ts';
import { overviewTeller } from './pages/home/overview.ts';
import type { PageRoom } from './pages/routes-pages.ts';
import { channelOfHost } from './releases/path.ts';
import type { Platform } from './shared/platform.ts';

/** Returns the page room. It shows what the release room and the mirror know. */
export function pageRoom(
  { ASSETS }: Pick<Env, 'ASSETS'>,
  config: Config,
  platform: Platform,
  releases: ReleaseParts,
  mirror: MirrorParts,
): PageRoom {
  const { catalogue } = config;
  const { store, versionFiles, trustedKeys } = releases;
  return {
    platform,
    // Only the path counts. A deployment without static files, such as the Worker that mirrors, has no such binding.
    readAsset: (path) => ASSETS?.fetch(new URL(path, 'https://assets.internal')) ?? Promise.resolve(Response.error()),
    overview: overviewTeller({
      ...{ platform, catalogue, store, versionFiles, trustedKeys },
      notes: () => mirror.room.store.notes(),
    }),
    publicUrl: config.PUBLIC_URL,
    isChannelHost: (host) => channelOfHost(host, catalogue, config.RELEASE_HOST_SUFFIX) !== undefined,
  };
}
