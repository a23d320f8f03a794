import type { Messages } from '../../i18n/messages.ts';

export const account: Messages['account'] = {
  title: 'My account',
  lead: '{{username}} ({{name}})',
  password: 'Password',
  passwordLead: 'At least 12 characters, without the user name, and not one that everybody would try.',
  sessions: 'Where you are signed in',
  sessionsLead:
    'A session ends after 12 hours without a click, and 7 days after the sign-in. If you do not know one, end it, then change your password.',
  device: 'Device',
  deviceUnknown: 'not told',
  current: 'this one',
  address: 'Address',
  lastSeen: 'Last seen',
  started: 'Signed in',
  end: 'End session',
  endTitle: 'End this session?',
  endLead: 'Whoever uses it has to sign in again.',
  endOthers_one: 'End the other session',
  endOthers_other: 'End the other {{count}} sessions',
};
