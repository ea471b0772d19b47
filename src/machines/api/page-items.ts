/** The members of a listing. A record whose summary is not what this service wrote is named, with the reason. */
import type { Kind, Summary } from '../records/bucket.ts';
import { checkSummary, type RecordPorts } from '../records/signed.ts';

interface Item {
  readonly name: string;
  readonly summary: Summary;
}

type Unreadable = { id: string; reason: string }[];

interface ProvenItems {
  readonly readable: readonly Item[];
  readonly unreadable: Unreadable;
}

/** Returns the member of an answer that names what cannot be read. It is absent where everything can. */
export const named = (unreadable: Unreadable): { unreadable?: Unreadable } =>
  unreadable.length === 0 ? {} : { unreadable };

const COUNT = /^\d{1,15}$/;
/** The largest time in seconds that `Date` can hold. */
const MOST_SECONDS = 8_640_000_000_000;

/** Returns the records of a page that are not deleted. A listing reads summaries only, so it proves those. */
export async function provenItems(ports: RecordPorts, kind: Kind, items: readonly Item[]): Promise<ProvenItems> {
  const faults = await Promise.all(items.map((item) => faultOf(ports, kind, item)));
  const readable: Item[] = [];
  const unreadable: Unreadable = [];
  for (const [index, item] of items.entries()) {
    const reason = faults[index];
    if (reason !== undefined) unreadable.push({ id: item.name, reason });
    else if ((item.summary['deleted'] ?? '') === '') readable.push(item);
  }
  return { readable, unreadable };
}

async function faultOf(ports: RecordPorts, kind: Kind, { name, summary }: Item): Promise<string | undefined> {
  const checked = await checkSummary(ports, kind, name, summary);
  // A mark that cannot be read says nothing against a record: a listing decides nothing.
  if (!checked.ok && checked.error.reason === 'stored-malformed') return checked.error.detail;
  const { generation = '', expiry = '0' } = summary;
  const isOurs = COUNT.test(generation) && COUNT.test(expiry) && Number(expiry) <= MOST_SECONDS;
  return isOurs ? undefined : 'its metadata is not what this service wrote';
}
