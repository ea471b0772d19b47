/** What is taken of matchbox's files, and what is told of the rest. The examples are in the style of matchbox's documents. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planOf } from '../../src/cli/matchbox/plan.ts';
import { variablesIn } from '../../src/cli/matchbox/templates.ts';

describe('a template', () => {
  it.each([
    ['a {{.name}} b', 'a {{name}} b', ['name']],
    ['{{ .Domain_Name }}{{.a1}}', '{{domain_name}}{{a1}}', ['domain_name', 'a1']],
    ['{{.a}} {{.a}}', '{{a}} {{a}}', ['a']],
    ['nothing { } here', 'nothing { } here', []],
  ])('%s is %s', (text, made, variables) =>
    expect(variablesIn(text, false)).toEqual({ ok: true, value: { text: made, variables } }),
  );

  it.each([
    ['      - {{.ssh_authorized_key}}', '      - "{{ssh_authorized_key}}"'],
    ['  name: {{.host}}.example  ', '  name: "{{host}}.example"'],
    ['  name: node-{{.host}}', '  name: node-{{host}}'],
    ['  name: "{{.host}}"', '  name: "{{host}}"'],
    ['      inline: {{.a}} {{.b}}', '      inline: "{{a}} {{b}}"'],
    ['    - - {{.a}}', '    - - "{{a}}"'],
    ['- name: {{.a}}', '- name: "{{a}}"'],
  ])('of YAML, %j is %j', (line, made) => {
    const read = variablesIn(`variant: flatcar\n${line}\n`, true);
    expect(read.ok && read.value.text).toBe(`variant: flatcar\n${made}\n`);
  });

  it.each([
    ['{{range $key := .keys}}', '{{range $key := .keys}} is no plain value'],
    ['{{if .a}}x{{end}}', '{{if .a}} is no plain value'],
    ['{{.request.query.mac}}', '{{.request.query.mac}} is no plain value'],
    ['{{index . "a"}}', 'is no plain value'],
    ['{{- .a}}', '{{- .a}} is no plain value'],
    ['{{._a}}', 'is no plain value'],
    ['{{', 'several lines'],
    ['a: {{.a}} "b" # c', 'must be in quotes'],
    ['a: {{.a}}\t# c', 'must be in quotes'],
    ['  {{.k}}: v', 'must be in quotes'],
    // It may be the end of the text above.
    ['  {{.a}}', 'on the line of its key'],
  ])('%j is left, with its line', (line, why) => {
    const read = variablesIn(`\n${line}`, true);
    expect(read.ok ? '' : read.error).toContain('line 2: ');
    expect(read.ok ? '' : read.error).toContain(why);
  });

  it('within a block leaves the text as it stands', () => {
    const text = [
      'a:',
      '  - b: |',
      '      {{.x}} one',
      '',
      '      KEY: {{.x}}',
      '    c: {{.x}}',
      '  - >-',
      '    - {{.x}}',
      'd: {{.x}}',
    ];
    const made = [
      'a:',
      '  - b: |',
      '      {{x}} one',
      '',
      '      KEY: {{x}}',
      '    c: "{{x}}"',
      '  - >-',
      '    - {{x}}',
      'd: "{{x}}"',
    ];
    const read = variablesIn(text.join('\n'), true);
    expect(read.ok && read.value.text.split('\n')).toEqual(made);
  });

  it('of any text: either all of its actions are variables, or it is left', () => {
    const piece = fc.constantFrom('{{', '}}', '.a', '.B', ' ', '-', 'x', '\n', '{', '}', '"', ': ', '- ');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.boolean(), (pieces, isYaml) => {
        const read = variablesIn(pieces.join(''), isYaml);
        if (!read.ok) return;
        const rest = read.value.text.replaceAll(/\{\{[a-z][a-z0-9_]*\}\}/g, '');
        expect(rest).not.toContain('{{');
      }),
      { numRuns: 2000 },
    );
  });
});

const profile = (id: string, more: object = {}) =>
  JSON.stringify({
    id,
    name: id,
    ignition_id: `${id}.yaml`,
    boot: {
      kernel: '/assets/flatcar/4593.2.5/flatcar_production_pxe.vmlinuz',
      initrd: ['/assets/flatcar/4593.2.5/flatcar_production_pxe_image.cpio.gz'],
      args: [
        'initrd=flatcar_production_pxe_image.cpio.gz',
        `flatcar.config.url=http://m/ignition?uuid=$\{uuid}`,
        'flatcar.first_boot=yes',
        'console=ttyS0 quiet',
        'cloud-config-url=http://m/cloud',
        `ip=$\{net0/ip}`,
      ],
    },
    ...more,
  });
const group = (id: string, selector: object | undefined, metadata: object = {}, name = 'worker') =>
  JSON.stringify({ id, profile: name, ...(selector === undefined ? {} : { selector }), metadata });
const WORKER =
  'variant: flatcar\nversion: 1.0.0\npasswd:\n  users:\n    - name: core\n      ssh_authorized_keys:\n        - {{.key}}\n';

describe('a folder', () => {
  const plan = planOf(
    new Map([
      ['profiles/worker.json', profile('worker')],
      ['profiles/ranges.json', profile('ranges')],
      ['profiles/lost.json', profile('lost')],
      ['profiles/bad.json', '{'],
      ['profiles/cloud.json', JSON.stringify({ id: 'cloud', cloud_id: 'c.yaml', generic_id: 'g' })],
      ['ignition/worker.yaml', WORKER],
      ['ignition/ranges.yaml', 'a\n{{range .keys}}\n{{end}}\n'],
      ['cloud/c.yaml', '#cloud-config\nhostname: a\n'],
      ['groups/node1.json', group('node1', { mac: '52:54:00:00:00:01' }, { key: 'ssh-rsa A', other: 1 })],
      ['groups/rack.json', group('rack', { rack: '7' }, { KEY: 'b' })],
      ['groups/narrow.json', group('narrow', { rack: '7', mac: '52:54:00:00:00:02' }, { key: 2 })],
      ['groups/default.json', group('default', undefined, { key: 'c' })],
      ['groups/zz-default.json', group('zz', {}, { key: 'c' })],
      ['profiles/worker2.json', profile('worker')],
      ['profiles/fcos.json', profile('fcos', { boot: { kernel: 'http://x/fedora-coreos-41-live-kernel' } })],
      ['groups/os.json', group('os', { mac: '52:54:00:00:00:03', os: 'installed' }, { key: 'a' })],
      ['groups/odd.json', group('odd', { mac: ['a'] }, { key: 'a' })],
      ['groups/nothing.json', JSON.stringify({ id: 'n', profile: 'cloud', selector: null, metadata: null })],
      ['groups/behind.json', group('behind', { mac: '52:54:00:00:00:01', rack: '9' }, { key: 'a' })],
      ['groups/keyless.json', group('keyless', { uuid: 'u' }, { key: ['a', 'b'] })],
      ['groups/mute.json', group('mute', { serial: 's' })],
      ['groups/ranges.json', group('ranges', { serial: 't' }, {}, 'ranges')],
      ['groups/cloud.json', group('vm', { serial: 'u' }, {}, 'cloud')],
    ]),
  );

  it('gives profiles with variables, kernel arguments and a release', () =>
    expect(plan.profiles).toEqual([
      {
        ...{ name: 'cloud', base: undefined, cloud: '#cloud-config\nhostname: a\n', variables: [] },
        kernelArgs: [],
        version: undefined,
        channel: undefined,
      },
      {
        ...{ name: 'worker', base: WORKER.replace('{{.key}}', '"{{key}}"'), cloud: undefined, variables: ['key'] },
        kernelArgs: ['console=ttyS0', 'quiet'],
        version: '4593.2.5',
        channel: 'stable',
      },
    ]));

  it('gives machines for groups that name hardware, and rules for the others, the narrow ones first', () => {
    const release = { channel: 'stable', version: '4593.2.5', profiles: ['worker'] };
    expect(plan.machines).toEqual([
      {
        ...{
          id: 'vm',
          identities: { serial: 'u' },
          cloud: '#cloud-config\nhostname: a\n',
          vars: {},
          profiles: ['cloud'],
        },
      },
      {
        ...{ id: 'node1', identities: { mac: '52:54:00:00:00:01' }, cloud: undefined, vars: { key: 'ssh-rsa A' } },
        ...release,
      },
    ]);
    expect(plan.rules).toEqual([
      { match: { rack: '7', mac: '52:54:00:00:00:02' }, vars: { key: '2' }, ...release },
      { match: { rack: '7' }, vars: { key: 'b' }, ...release },
    ]);
    expect(plan.everybody).toEqual({ vars: { key: 'c' }, ...release });
  });

  it('tells what it leaves, with the file', () => {
    expect(plan.notes).toEqual([
      `profiles/worker.json: the kernel argument ip=$\{net0/ip} is filled in by firmware, and was left out`,
    ]);
    expect([...plan.left].toSorted().map((text) => text.replace(/(is no JSON: ).*/, '$1'))).toEqual([
      'groups/keyless.json: key is a list or an object: give each part a name of its own',
      'groups/mute.json: key is not said: give it a value in its metadata',
      'groups/nothing.json: a cloud-config is user data of a machine, and this group names no machine',
      'groups/odd.json: its selector mac is no text',
      'groups/os.json: only an installer says os=…, to its own URL; here a machine has one config, and rearm opens it again',
      'groups/ranges.json: its profile ranges was not taken',
      'groups/zz-default.json: there are two groups without a selector, and matchbox takes either',
      'groups: mac=52:54:00:00:00:01 rack=9 is never reached, because the record of its machine comes before any rule',
      'ignition/lost.yaml: is not there',
      'ignition/ranges.yaml: line 2: {{range .keys}} is no plain value: write it out, or give each part a name of its own',
      'profiles/bad.json: is no JSON: ',
      'profiles/cloud.json: generic_id g: there is nothing like it here',
      'profiles/fcos.json: http://x/fedora-coreos-41-live-kernel is not Flatcar',
      'profiles/worker2.json: another file has the profile worker',
    ]);
  });
});
