/** The path by which the router finds a route. */
import { getPath } from 'hono/utils/url';

/** Returns the path with one slash wherever there are several: a base URL that ends in a slash makes two. */
export const oneSlash = (path: string): string => path.replace(/\/{2,}/g, '/');

/**
 * Returns the path of a request as the router has it: decoded once, as Hono does it, and with single slashes. Whoever decides what a
 * request may do has to look at this one, which handlers find as `req.path`.
 */
export const routedPath = (request: Request): string => oneSlash(getPath(request));
