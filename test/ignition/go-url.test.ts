/** URLs as Go takes them, and data URLs as the reference's lexer does; each row was tried on the real thing. */
import { describe, expect, it } from 'vitest';
import { sourceFault } from '../../src/ignition/rules/source-url.ts';
import { parseGoUrl } from '../../src/ignition/urls/go-url.ts';

const NEWEST = 6;

describe('sources', () => {
  it.each([
    'http://',
    'https:',
    'HTTP://a',
    'http://[::1]:80/',
    'http://[fe80::1%25eth0]/',
    'http://a<b/',
    'http://a"b/',
    'http://a/ b',
    'http://a/?%zz',
    'http://%C3%A9/',
    's3://b/k?versionId=x&versionId=',
    's3://b/k#?versionId=',
    'arn:aws:s3:::b/',
    'arn:aws:s3:::b/k',
    'arn:aws:s3:r:1:accesspoint/n/object/k',
    'oem:///x',
    'data:,',
    'data:;x="a,b",y',
    'data:text/plain;charset=utf-8;base64,YQ==',
    'data:;base64,',
    'data:,%2b',
  ])('%s is taken', (source) => {
    expect(sourceFault(source, NEWEST)).toBeUndefined();
  });
  it.each([
    'x',
    '//a',
    ':a',
    'ftp://a',
    'http://a b@c/',
    'http://a:b/',
    'http://a%41/',
    'http://%zz/',
    'http://a/%zz',
    'http://a/#%zz',
    'http://[::1',
    'http://[::1]x',
    'http://a\\b',
    'http://a\u0001',
    's3://b/k?versionId=',
    's3://b/k?version%49d=',
    'arn:aws:s3:::b',
    'arn:aws:ec2:::b/k',
    'arn:aws:s3:r:1:accesspoint/n',
    'DATA:,x',
    'data:x',
    'data:text,x',
    'data:;x,y',
    'data:text/plain;charset=,x',
    'data:text/plain;base64;charset=x,YQ==',
    'data:,a b',
    'data:,a#b',
    'data:,[x]',
    'data:,%2',
    'data:,é',
    'data:;base64,YQ%3D%3D',
    'data:;base64,YQ',
  ])('%s is refused', (source) => {
    expect(sourceFault(source, NEWEST)).toBeDefined();
  });
});

it('a scheme is in lower case, a query is what is between ? and #', () => {
  expect(parseGoUrl('HTTPS://a/b?c=d#e')).toMatchObject({ ok: true, value: { scheme: 'https', query: 'c=d' } });
  expect(parseGoUrl('a/b:c')).toMatchObject({ ok: true, value: { scheme: '', query: '' } });
  expect(parseGoUrl('1a:b')).toEqual({ ok: false, error: expect.stringContaining('first path segment') });
});
