/** The scripts of a fleet's URL, for iPXE: the first stage, and what a machine gets that has to wait. No I/O. */

/** What firmware knows of itself (ipxe.org/cfg). What it does not know is empty. */
const CLAIMS =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE fills these in
  '&uuid=${uuid}&serial=${serial:uristring}&asset=${asset:uristring}&hostname=${hostname:uristring}';

/** Returns the first stage: it asks the same URL again, with what the machine knows of itself. `labels` are those of the URL. */
export function firstStage(url: string, labels: Readonly<Record<string, string>>): string {
  const own = Object.entries(labels).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`);
  const chain = (card: string) =>
    `chain --replace --autofree ${url}?mac=\${${card}/mac:hexhyp}${CLAIMS}${own.join('')} || goto later`;
  // The card that it boots by (netX) is what DHCP knows it as, and need not be the first.
  return lines([
    '#!ipxe',
    ':again',
    `iseq \${netX/mac} \${net0/mac} || goto other`,
    chain('net0'),
    ':other',
    chain('netX'),
    ':later',
    'sleep 5',
    'goto again',
  ]);
}

/** Returns the script of a machine that waits. It says for what, and asks its URL again. */
export function waitingScript(url: string, says: string): string {
  return lines(['#!ipxe', `echo ${says}`, ':again', 'sleep 15', `chain --replace --autofree ${url} || goto again`]);
}

/** Returns the script that ends firmware's attempt: it goes on to the next device, which may be the disk. */
export const endScript = (says: string): string => lines(['#!ipxe', `echo ${says}`, 'exit']);

const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;
