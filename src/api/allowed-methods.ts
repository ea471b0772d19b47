/** Which methods each path of the API takes, read off the contract: any other is 405 with Allow (RFC 9110 section 15.5.6). No I/O. */
import type { Call, Contract } from './contract/call.ts';

/** Path with `:name` for its parameters -> methods, upper-case. */
export function allowedMethods(contract: Contract): ReadonlyMap<string, readonly string[]> {
  const allowed = new Map<string, string[]>();
  for (const { method, path } of Object.values<Call>(contract)) {
    const route = path.replace(/\{(\w+)\}/g, ':$1');
    allowed.set(route, [...(allowed.get(route) ?? []), method.toUpperCase()]);
  }
  return allowed;
}
