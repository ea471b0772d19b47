/** The contract of the calls about announcements. No I/O. */
import {
  announcementPage,
  announcementParams,
  announcementQuery,
  announcementSent,
  announcementView,
} from '../../announcements/call-shapes.ts';
import { type Contract, writeQuery } from './call.ts';

const ANNOUNCEMENT = { path: '/api/announcements/{id}', tag: 'Announcements', params: announcementParams } as const;

export const announcementCalls = {
  listAnnouncements: {
    ...{ method: 'get', path: '/api/announcements', tag: 'Announcements', query: announcementQuery, needs: ['read'] },
    summary: 'A page of announcements, newest first, and how each receiver gets on',
    description: 'What ANNOUNCE_URLS name was told of the last 30 days.',
    answer: { status: 200, description: 'The announcements and the receivers.', schema: announcementPage },
    refusals: [422, 503],
  },
  getAnnouncement: {
    ...{ ...ANNOUNCEMENT, method: 'get', needs: ['read'] },
    summary: 'What an announcement says, and who has taken it',
    answer: { status: 200, description: 'The announcement.', schema: announcementView },
    refusals: [404, 503],
  },
  sendAnnouncement: {
    ...{ ...ANNOUNCEMENT, path: `${ANNOUNCEMENT.path}/send`, method: 'post', query: writeQuery, needs: ['release'] },
    summary: 'Send an announcement again, now, to every receiver of its type',
    description: 'With the same id and the same body; the answer says what each receiver said.',
    answer: { status: 200, description: 'What each receiver answered.', schema: announcementSent },
    refusals: [404, 422, 503],
  },
} as const satisfies Contract;
