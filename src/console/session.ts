/**
 * The operator's token: in memory, or in this tab's sessionStorage where the operator wants a reload to keep it. It goes into
 * the Authorization header and nowhere else.
 */
const NAME = 'flatcar-edge-token';

/** The token that this tab kept, if any. */
export const keptToken = (): string | undefined => sessionStorage.getItem(NAME) ?? undefined;

/** Keeps the token until the tab is closed. */
export const keepToken = (token: string): void => sessionStorage.setItem(NAME, token);

/** After this a reload asks for it again. */
export const forgetToken = (): void => sessionStorage.removeItem(NAME);
