/**
 * Keeps the operator's token in this tab's sessionStorage, if the operator wants it to survive a reload. Otherwise the
 * token is only in memory. It is sent in the Authorization header and nowhere else.
 */
const NAME = 'flatcar-edge-token';

/** Returns the token that this tab keeps, or `undefined`. */
export const keptToken = (): string | undefined => sessionStorage.getItem(NAME) ?? undefined;

/** Keeps the token until the tab is closed. */
export const keepToken = (token: string): void => sessionStorage.setItem(NAME, token);

/** Forgets the token, so that a reload asks for it. */
export const forgetToken = (): void => sessionStorage.removeItem(NAME);
