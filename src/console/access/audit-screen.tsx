/** Lists what was written, by whom and when. */
import { useState } from 'preact/hooks';
import { useAnswer } from '../client/client.ts';
import { Pager, usePages } from '../widgets/pager.tsx';
import { When } from '../widgets/when.tsx';
import { Fault, Field, Loading, Table } from '../widgets/widgets.tsx';

/** Shows a page of the audit trail, newest first. It keeps the cursors of the pages before it. */
export function AuditScreen() {
  const [filter, setFilter] = useState({ who: '', call: '', target: '' });
  const pages = usePages();
  const asked = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));
  const isFiltered = Object.keys(asked).length > 0;
  const { value, fault } = useAnswer('listAudit', { query: { ...asked, ...pages.query } });
  return (
    <>
      <h1>Audit</h1>
      <div class="fields">
        {(['who', 'call', 'target'] as const).map((name) => (
          <Field
            key={name}
            label={{ who: 'Who', call: 'Call', target: 'Path starts with' }[name]}
            hint={{ who: 'operator, or token ci', call: 'putMachine', target: '/api/machines/vm-1' }[name]}
            value={filter[name]}
            onValue={(text) => {
              setFilter({ ...filter, [name]: text.trim() });
              pages.restart();
            }}
          />
        ))}
      </div>
      <Fault text={fault} />
      <Loading of={{ value, fault }} />
      {value?.items.length === 0 ? (
        <p>
          {isFiltered ? 'No entry fits these fields' : 'Nothing was written yet'}
          {value.cursor === null ? '.' : ': the next page looks at more of them.'}
        </p>
      ) : null}
      {value === undefined || value.items.length === 0 ? null : (
        <Table label="Audit" columns={['When', 'Who', 'Call', 'Path', 'Before', 'After', 'Request']}>
          {value.items.map(({ at, who, call, target, before, after, requestId }) => (
            <tr key={`${at} ${requestId}`}>
              <td>
                <When at={at} />
              </td>
              <td>{who}</td>
              <td>{call}</td>
              <td>{target}</td>
              <td>{before}</td>
              <td>{after}</td>
              <td>
                <code>{requestId}</code>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Pager pages={pages} next={value?.cursor} labels={['Newer', 'Older']} />
    </>
  );
}
