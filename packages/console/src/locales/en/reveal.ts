import type { Messages } from '../../i18n/messages.ts';

export const reveal: Messages['reveal'] = {
  open: 'Show masked values',
  title: 'Masked values of order {{order}}',
  lead: 'A client of {{system}} reads the values now; they are kept nowhere. Who looked at what, and why, is in the audit.',
  fields: 'What to show',
  fieldsNeeded: 'Choose at least one field.',
  act_one: 'Show {{count}} field',
  act_other: 'Show {{count}} fields',
  shown: 'They are gone when this is closed.',
  value: 'Value',
  field: 'Field',
  nothing: 'no value',
  close: 'Close',
};
