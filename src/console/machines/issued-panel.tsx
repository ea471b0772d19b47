/** Shows the URLs and the pointer of a machine. They are shown once, but the operator can make new ones at any time. */
import type { CallAnswer } from '../../api/api-client.ts';
import { EntryList } from '../editor/config-editor.tsx';
import { moment } from '../widgets/show.ts';
import { Copy } from '../widgets/widgets.tsx';

/** Shows each URL and the pointer with a button that copies it. */
export function IssuedPanel({ issued }: { issued: CallAnswer<'putMachine'> }) {
  const { id, urls, pointer, expiresAt, entries, warnings } = issued;
  const pointerText = pointer === null ? undefined : JSON.stringify(pointer);
  return (
    <section class="panel" aria-label={`URLs of ${id}`}>
      <h2>URLs of {id}</h2>
      <p>
        Whoever has one of them can read the machine's config.{' '}
        {expiresAt === null ? 'They never expire.' : `They end ${moment(expiresAt)}.`}
      </p>
      {warnings.map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
      {urls === null ? null : (
        <>
          <Secret label="ignition.config.url=" text={urls.ignition} />
          <Secret label="iPXE: chain" text={urls.ipxe} />
          <Secret label="GRUB: configfile" text={urls.grub} />
          <Secret label="PXELINUX: CONFIG" text={urls.pxelinux} />
          <Secret label="for a proxy of a cloud's metadata" text={urls.metadata} />
          {urls.cloudConfig === undefined ? null : <Secret label="cloud-config" text={urls.cloudConfig} />}
        </>
      )}
      {pointerText === undefined ? null : <Secret label="Pointer, for a cloud's user-data field" text={pointerText} />}
      <EntryList entries={entries} />
    </section>
  );
}

const Secret = ({ label, text }: { label: string; text: string }) => (
  <div class="secret">
    <span>{label}</span>
    <code class="wrap">{text}</code>
    <Copy text={text} what={label} />
  </div>
);
