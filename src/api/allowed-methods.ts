/** Which methods each path of the API takes, read off the contract: any other is 405 with Allow (RFC 9110 section 15.5.6). No I/O. */
import type { Call, Contract } from './contract/call.ts';

const ORDER = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

/** Path with `:name` for its parameters -> methods, upper-case, reading ones first. */
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
