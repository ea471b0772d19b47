/**
 * OpenPGP.js, evaluated when the first key or signature is read. It is a quarter of what an isolate would do before its first answer, and no
 * boot and no download of a mirrored file needs it.
 */
import { lazily } from '../shared/lazily.ts';

/** Returns the library. */
export const openpgp = lazily(() => import('openpgp'));
