/** The scripts of a fleet's URL, for iPXE: the first stage, and what a machine gets that has to wait. No I/O. */

/** What firmware knows of itself (ipxe.org/cfg). What it does not know is empty. */
const CLAIMS =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE fills these in
  'mac=${net0/mac:hexhyp}&uuid=${uuid}&serial=${serial:uristring}&asset=${asset:uristring}&hostname=${hostname:uristring}';

/** Returns the first stage: it asks the same URL again, with what the machine knows of itself. `labels` are those of the URL. */
export function firstStage(url: string, labels: Readonly<Record<string, string>>): string {
  const own = Object.entries(labels).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`);
  return lines([
    '#!ipxe',
    ':again',
    `chain --replace --autofree ${url}?${CLAIMS}${own.join('')} || goto later`,
    ':later',
    'sleep 5',
    'goto again',
  ]);
}

/** Returns the script of a machine that waits. It says for what, and asks its URL again. */
export function waitingScript(url: string, says: string): string {
  return lines(['#!ipxe', `echo ${says}`, ':again', 'sleep 15', `chain --replace --autofree ${url} || goto again`]);
}

const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;
