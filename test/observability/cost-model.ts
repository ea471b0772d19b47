/** What a month costs at Cloudflare, from counted calls of one request: prices of docs/costs.md, in US dollars. No I/O. */

/** Of one request, or of all of a month. */
export interface Spent {
  readonly a: number;
  readonly b: number;
  readonly kv: number;
}

interface Load extends Spent {
  readonly requests: number;
  /** Milliseconds of CPU time. */
  readonly cpuMs: number;
}

/** What the base of five dollars includes, and what each million beyond it costs. */
const PRICES = {
  requests: { included: 10e6, million: 0.3 },
  cpuMs: { included: 30e6, million: 0.02 },
  a: { included: 1e6, million: 4.5 },
  b: { included: 10e6, million: 0.36 },
  kv: { included: 10e6, million: 0.5 },
} as const;

/** Returns what `times` requests spend, each of which is `invocations` requests of Workers and takes `cpuMs`. */
export const monthOf = (
  times: number,
  one: Spent,
  { cpuMs, invocations = 1 }: { cpuMs: number; invocations?: number },
): Load => ({
  requests: times * invocations,
  a: times * one.a,
  b: times * one.b,
  kv: times * one.kv,
  cpuMs: times * cpuMs,
});

/** Returns the dollars beyond the base. */
const dollarsOf = (load: Load): number =>
  Object.entries(PRICES).reduce((sum, [what, { included, million }]) => {
    const beyond = Math.max(0, load[what as keyof Load] - included);
    return sum + (beyond / 1e6) * million;
  }, 0);

const amount = (value: number): string =>
  value >= 1e5 ? `${(value / 1e6).toFixed(value >= 1e7 ? 0 : 1)} M` : Math.round(value).toLocaleString('en');

/** Returns the row of the page. */
export const monthRow = (what: string, load: Load): string =>
  `| ${what} | ${amount(load.requests)} | ${amount(load.a)} | ${amount(load.b)} | ${amount(load.cpuMs)} | ${dollarsOf(load).toFixed(2)} |`;

/** What update_engine asks, of a machine that may be behind. */
export const CHECK = `<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0" version="update_engine-0.4.10" installsource="scheduler" ismachine="1">
  <os version="Chateau" platform="CoreOS" sp="4593.2.4_x86_64"></os>
  <app appid="{e96281a6-d1af-4bde-9a0a-97b76e56dc57}" version="4593.2.4" track="stable" bootid="{965fb4c5-ad3e-4eb7-a4c2-ca0c0e31ec84}" oem="ami" oemversion="0.1.1-r1" machineid="abce671d61774703ac7be60715220bfe" lang="en-US" board="amd64-usr" delta_okay="false">
    <updatecheck></updatecheck>
  </app>
</request>
`;
