/**
 * A client that fetches a cloud-config as coreos-cloudinit does (datasource/{proc_cmdline,url} and pkg/http_client.go of flatcar/coreos-cloudinit):
 * where the URL comes from, what is asked again, and what is final. Waiting is handed in, so that a test need not.
 */

type Send = (url: string) => Promise<Response>;

const MOST_TRIES = 15;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Returns what `--from-proc-cmdline` finds on a kernel's command line: the last one counts, and `_` is `-`. */
export function urlOnLine(line: string): string | undefined {
  let found: string | undefined;
  for (const token of line.trim().split(' ')) {
    const at = token.indexOf('=');
    if (at > 0 && token.slice(0, at).replaceAll('_', '-') === 'cloud-config-url') found = token.slice(at + 1);
  }
  return found;
}

/** Returns what a systemd unit fetches with `--from-url`, unless its condition finds the URL on the line. */
export function urlOfUnit(contents: string, line: string): string | undefined {
  const isOnLine = line.split(' ').some((token) => token.startsWith('cloud-config-url'));
  if (isOnLine && contents.includes('\nConditionKernelCommandLine=!cloud-config-url\n')) return undefined;
  return /^ExecStart=\S*coreos-cloudinit --from-url=(\S+)$/m.exec(contents)?.[1];
}

/** Fetches user data. `undefined` when it gave up: at a 4xx at once, at all else after 15 tries. */
export async function fetchUserData(
  url: string,
  send: Send,
  wait: (milliseconds: number) => Promise<void>,
): Promise<string | undefined> {
  let pause = FIRST_PAUSE_MS;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const answer = await send(url).catch(() => undefined);
    if (answer?.ok === true) return await answer.text();
    if (answer !== undefined && answer.status >= 400 && answer.status < 500) return undefined;
    await wait(pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
  return undefined;
}
