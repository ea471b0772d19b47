/** Reads from the contract which methods each path takes, for 405 answers (RFC 9110 section 15.5.6). No I/O. */
import type { Call, Contract } from './contract/call.ts';

const ORDER = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

/** Returns the methods of each path, in upper case, with GET first. A path has `:name` for its parameters. */
export function allowedMethods(contract: Contract): ReadonlyMap<string, readonly string[]> {
  const allowed = new Map<string, string[]>();
  for (const { method, path } of Object.values<Call>(contract)) {
    const route = path.replace(/\{(\w+)\}/g, ':$1');
    const methods = [...(allowed.get(route) ?? []), method.toUpperCase()];
    allowed.set(
      route,
      methods.sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
    );
  }
  return allowed;
}
