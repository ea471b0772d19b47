/** Redirects that are followed, and those that would lead somewhere else. */
import { describe, expect, it } from 'vitest';
import { mayRedirect } from '../../../src/shared/http/redirect-policy.ts';

const policy = {
  ownHosts: ['stable.release.example', 'mirror.example:8443'],
  allowedHosts: ['cdn.example', 'cache.example:8080', 'tls.example:443'],
};
const FROM = 'http://stable.release.example/file';

describe('a redirect', () => {
  it.each([
    ['to another path of our own host', 'http://stable.release.example/other'],
    ['up to https', 'https://stable.release.example/file'],
    ['to our own host at its own port', 'http://mirror.example:8443/file'],
    ['to a listed host', 'http://cdn.example/file'],
    ['to a listed host, whatever the port', 'http://cdn.example:81/file'],
    ['to a host that is listed with its port', 'http://cache.example:8080/file'],
    ['to the default port of a host that is listed with it', 'https://tls.example/file'],
    ['to the same host in capitals', 'http://CDN.example/file'],
  ])('%s is followed', (_name, target) => {
    expect(mayRedirect(policy, new URL(FROM), new URL(target))).toBe(true);
  });

  it.each([
    ['to a host that nobody listed', 'http://evil.example/file'],
    ['to a host below a listed one', 'http://x.cdn.example/file'],
    ['to a host that ends like a listed one', 'http://notcdn.example/file'],
    ['to a listed name as a label', 'http://cdn.example.evil.example/file'],
    ['to our own host at another port', 'http://stable.release.example:81/file'],
    ['to our own host without its port', 'http://mirror.example/file'],
    ['to a host that is listed with another port', 'http://cache.example/file'],
    ['to the other default port', 'http://tls.example/file'],
    ['to a private address', 'http://10.0.0.1/file'],
    ['to this machine', 'http://localhost/file'],
    ['to the metadata service of a cloud', 'http://169.254.169.254/latest/meta-data/'],
    ['to a loopback address of the sixth version', 'http://[::1]/file'],
    ['with credentials', 'http://user:secret@cdn.example/file'],
    ['with a user alone', 'http://user@cdn.example/file'],
    ['with a password alone', 'http://:secret@cdn.example/file'],
    ['to a file', 'file:///etc/passwd'],
    ['to data', 'data:text/plain,x'],
    ['to another scheme of a listed host', 'ftp://cdn.example/file'],
  ])('%s is not', (_name, target) => {
    expect(mayRedirect(policy, new URL(FROM), new URL(target))).toBe(false);
  });

  it('from https to http is not, even on our own host', () => {
    const from = new URL('https://stable.release.example/file');
    expect(mayRedirect(policy, from, new URL('http://stable.release.example/file'))).toBe(false);
    expect(mayRedirect(policy, from, new URL('http://cdn.example/file'))).toBe(false);
    expect(mayRedirect(policy, from, new URL('https://cdn.example/file'))).toBe(true);
  });

  it('leads nowhere where no host is known', () => {
    const none = { ownHosts: [], allowedHosts: [] };
    expect(mayRedirect(none, new URL(FROM), new URL('http://stable.release.example/other'))).toBe(false);
  });
});
