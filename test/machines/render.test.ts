/** The URL of the cloud-config stands in a default layer as it is, whatever signs are in it. */
import { describe, expect, it } from 'vitest';
import { render } from '../../src/machines/boot/render.ts';

const layer = (source: string) =>
  JSON.stringify({ ignition: { version: '3.4.0' }, storage: { files: [{ path: '/a', contents: { source } }] } });

describe('the placeholder of the cloud-config', () => {
  it.each(['$&', '$$', '$1', '$`', "$'"])('is replaced by a URL with %s in it, letter by letter', (sign) => {
    const url = `https://edge.example/${sign}/cloud-config`;
    const layers = { engine: 'ignition', base: undefined, user: undefined } as const;
    const rendered = render({ ...layers, default: layer('{{cloud_config_url}}') }, url);
    expect(rendered.ok && JSON.parse(rendered.value.text)).toMatchObject({
      storage: { files: [{ contents: { source: url } }] },
    });
  });
});
