/** The URL of the cloud-config stands in a default layer as it is, whatever signs are in it. */
import { describe, expect, it } from 'vitest';
import type { LayerTexts } from '../../src/machines/layers/layers.ts';
import { render, renderBeside } from '../../src/machines/layers/render.ts';
import { knownUrls, SAMPLE_URLS } from '../../src/machines/layers/variables.ts';

const layer = (source: string) =>
  JSON.stringify({ ignition: { version: '3.4.0' }, storage: { files: [{ path: '/a', contents: { source } }] } });

describe('the placeholder of the cloud-config', () => {
  it.each(['$&', '$$', '$1', '$`', "$'"])('is replaced by a URL with %s in it, letter by letter', (sign) => {
    const url = `https://edge.example/${sign}/cloud-config`;
    const profile = {
      name: 'p',
      engine: 'ignition' as const,
      base: undefined,
      default: layer('{{cloud_config_url}}'),
      vars: {},
    };
    const layers: LayerTexts = { profiles: [profile], machine: undefined, user: undefined, reader: undefined };
    const rendered = render(layers, knownUrls(url.replace('/cloud-config', ''), ''));
    expect(rendered.ok && JSON.parse(rendered.value.text)).toMatchObject({
      storage: { files: [{ contents: { source: url } }] },
    });
  });
});

describe('composing for an operator, beside boots', () => {
  const layers = (length: number): LayerTexts => ({
    profiles: [profileOf(length)],
    machine: undefined,
    user: layer('data:,'),
    reader: undefined,
  });
  const profileOf = (length: number) => ({
    ...{ name: 'p', engine: 'ignition' as const, default: undefined, vars: {} },
    base: JSON.stringify({
      ignition: { version: '3.4.0' },
      storage: { files: Array.from({ length }, (_, index) => ({ path: `/base/${index}` })) },
    }),
  });
  const textOf = (rendered: ReturnType<typeof render>) => {
    if (!rendered.ok) throw new Error(JSON.stringify(rendered.error));
    return rendered.value.text;
  };
  const counted = () => {
    const counts = { turns: 0 };
    const timer = () => {
      counts.turns += 1;
      return { elapsed: Promise.resolve(), cancel: () => undefined };
    };
    return { counts, platform: { timer } };
  };
  it('lets other work in, between the steps of long layers', async () => {
    const { counts, platform } = counted();
    const composed = await renderBeside(platform, layers(5000), SAMPLE_URLS);
    expect(textOf(composed)).toBe(textOf(render(layers(5000), SAMPLE_URLS)));
    expect(counts.turns).toBeGreaterThanOrEqual(4);
  });
  it('and loses no time with short ones', async () => {
    const { counts, platform } = counted();
    expect(textOf(await renderBeside(platform, layers(5), SAMPLE_URLS))).toBe(textOf(render(layers(5), SAMPLE_URLS)));
    expect(counts.turns).toBe(0);
  });
});
