/** The contract of the calls about catalogues of system extensions. No I/O. */
import { sysextList, sysextParams, sysextView } from '../../sysexts/call-shapes.ts';
import { type Contract, writeQuery } from './call.ts';

export const sysextCalls = {
  listSysexts: {
    ...{ method: 'get', path: '/api/sysexts', tag: 'System extensions', needs: ['read', 'mirror'] },
    summary: 'The catalogues of SYSEXT_URLS, and how the last look at each went',
    answer: { status: 200, description: 'In the order of SYSEXT_URLS.', schema: sysextList },
    refusals: [503],
  },
  mirrorSysexts: {
    ...{ method: 'post', path: '/api/sysexts/{name}/mirror', tag: 'System extensions', params: sysextParams },
    ...{ query: writeQuery, needs: ['mirror'] },
    summary: 'Look at a catalogue now',
    description: 'The poll looks once an hour. A look that runs is joined.',
    answer: { status: 202, description: 'The catalogue.', schema: sysextView },
    refusals: [404, 422, 503],
  },
} as const satisfies Contract;
