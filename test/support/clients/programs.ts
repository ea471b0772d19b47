/** What the programs that people download with are told, for each way of downloading that they know. */
import { spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]];

export interface DownloadClient {
  readonly name: string;
  readonly isThere: boolean;
  /** Fetches all of `url` into `file`, which is not there yet. */
  whole(url: string, file: string): Command;
  /** Fetches a beginning of `url`, for the one that goes on only with what it began itself, and ends with an error. */
  begin?(url: string, file: string): Command;
  /** Goes on with what `file` holds, as after a connection that broke off. */
  resume?(url: string, file: string): Command;
  /** Fetches the bytes from the one at `from` to the last into `file`. */
  part?(url: string, from: number, file: string): Command;
  /** Which of these it does by way of the listing, which a release that is passed through does not have. */
  readonly byListing?: 'part' | 'again';
  /** Fetches `url` where it is not what `file`, of a whole download before, holds already. */
  again?(url: string, file: string): Command;
  /** What it is answered then; nothing for the one that looks at the listing alone. */
  readonly againAnswer?: 'GET 304' | 'GET 416' | 'HEAD 200';
  /** Set where `whole` asks by several connections. */
  readonly inParts?: true;
  /** For one that notices, when it resumes, that the file is another one, and fetches that: axel where its own record tells enough. */
  readonly beginsAnew?: 'always' | 'sometimes';
}

const has = (...[program, ...args]: Command) => spawnSync(program, args).status === 0;
const here = (name: string) => join(import.meta.dirname, name);
const APT = '/usr/lib/apt/apt-helper';

/** The name of the client that `buildGo` makes. */
export const GO = "Go's net/http";
const GO_PROGRAM = 'go-download';

/** Rclone's remote of the folder that `url` is in, and the name of the file in it. */
function remote(url: string): readonly [folder: string, name: string] {
  const { origin, pathname } = new URL(url);
  return [`:http,url='${origin}':${dirname(pathname).slice(1)}`, basename(pathname)];
}

const script = (program: Command, isThere: boolean, name: string): DownloadClient => ({
  name,
  isThere,
  whole: (url, file) => [...program, 'whole', url, file],
  resume: (url, file) => [...program, 'resume', url, file],
  part: (url, from, file) => [...program, 'part', url, file, String(from)],
  again: (url, file) => [...program, 'again', url, file],
  againAnswer: 'GET 304',
});

/** The commands that build `download.go` into the folder `bin`; nothing is fetched for it. */
export const buildGo = (bin: string): Command => ['go', 'build', '-o', join(bin, GO_PROGRAM), here('download.go')];

/** Returns every client; `bin` is where the program of `buildGo` is. */
export const downloadClients = (bin: string): readonly DownloadClient[] => [
  {
    name: 'curl',
    againAnswer: 'GET 304',
    isThere: has('curl', '--version'),
    whole: (url, file) => ['curl', '-fsS', '-R', '--etag-save', `${file}.etag`, '-o', file, url],
    resume: (url, file) => ['curl', '-fsS', '-C', '-', '-o', file, url],
    part: (url, from, file) => ['curl', '-fsS', '-r', `${from}-`, '-o', file, url],
    again: (url, file) => ['curl', '-fsS', '-z', file, '-o', file, url],
  },
  {
    name: 'wget',
    againAnswer: 'GET 304',
    isThere: has('wget', '--version'),
    whole: (url, file) => ['wget', '-q', '--tries=1', '-O', file, url],
    resume: (url, file) => ['wget', '-q', '--tries=1', '-c', '-O', file, url],
    part: (url, from, file) => ['wget', '-q', '--tries=1', `--start-pos=${from}`, '-O', file, url],
    again: (url) => ['wget', '-q', '--tries=1', '-N', url],
  },
  {
    name: 'aria2c',
    inParts: true,
    againAnswer: 'GET 304',
    isThere: has('aria2c', '--version'),
    whole: (url, file) => ['aria2c', ...ARIA2, '-R', '-o', file, url],
    resume: (url, file) => ['aria2c', ...ARIA2, '-c', '-o', file, url],
    again: (url, file) => ['aria2c', ...ARIA2, '--conditional-get=true', '-o', file, url],
  },
  {
    name: 'axel',
    inParts: true,
    beginsAnew: 'sometimes',
    isThere: has('axel', '--version'),
    whole: (url, file) => ['axel', '-q', '-n', '4', '-o', file, url],
    // It goes on only with what its own record beside the file tells, and asks for nothing on condition.
    begin: (url, file) => [
      'timeout',
      '-s',
      'INT',
      '1',
      'axel',
      '-q',
      '-n',
      '4',
      '--max-speed=1000000',
      '-o',
      file,
      url,
    ],
    resume: (url, file) => ['axel', '-q', '-n', '4', '-o', file, url],
  },
  {
    name: 'lftp',
    inParts: true,
    isThere: has('lftp', '--version'),
    whole: (url, file) => ['lftp', '-c', `${LFTP} pget -n 4 ${url} -o ${file}`],
    resume: (url, file) => ['lftp', '-c', `${LFTP} get -c ${url} -o ${file}`],
    byListing: 'again',
    again: (url) => ['lftp', '-c', `${LFTP} mirror --only-newer -i ${basename(url)}$ ${dirname(url)}/ .`],
  },
  {
    name: 'rclone',
    againAnswer: 'HEAD 200',
    isThere: has('rclone', 'version'),
    whole: (url, file) => ['rclone', ...RCLONE, 'copyto', remote(url).join('/'), file],
    byListing: 'part',
    part: (url, from, file) => [
      ...(['bash', '-c', 'exec "$@" > "$0"', file, 'rclone', ...RCLONE] as const),
      ...['cat', '--offset', String(from), remote(url).join('/')],
    ],
    again: (url, file) => ['rclone', ...RCLONE, 'copyto', remote(url).join('/'), file],
  },
  script(['python3', here('download.py')], has('python3', '-c', 'import requests'), "Python's requests"),
  script([join(bin, GO_PROGRAM)], has('go', 'version'), GO),
  {
    name: "apt's downloader",
    beginsAnew: 'always',
    againAnswer: 'GET 416',
    isThere: has(APT, '--version'),
    whole: (url, file) => [APT, 'download-file', url, file],
    resume: (url, file) => [APT, 'download-file', url, file],
    again: (url, file) => [APT, 'download-file', url, file],
  },
];

const ARIA2 = [
  '-q',
  '-x4',
  '-s4',
  '-k1M',
  '-m1',
  '--file-allocation=none',
  '--allow-overwrite=true',
  '--auto-file-renaming=false',
];
const LFTP = 'set net:max-retries 1; set net:timeout 20; set xfer:clobber on;';
const RCLONE = ['--retries=1', '--low-level-retries=1', '--multi-thread-streams=0'];
