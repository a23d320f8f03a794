/** What the reader does with the list: hold it still, leave the heartbeats out, see charts. */
import { Switch } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useRead } from '../../api/queries.ts';
import { type MessageQuery, newerThan } from './message-query.ts';

export interface ToolsProps {
  /** Null where the list does not change by itself: on later pages. */
  readonly held: boolean | null;
  readonly onHold: (held: boolean) => void;
  /** Null where types are chosen, so that nothing is left to choose. */
  readonly heartbeats: boolean | null;
  readonly onHeartbeats: (shown: boolean) => void;
  readonly charts: boolean;
  readonly onCharts: (shown: boolean) => void;
  /** The newest message on the screen, and what the list asks for: to count the ones that came since. */
  readonly newest: string | undefined;
  readonly query: MessageQuery;
}

export function Tools(props: ToolsProps) {
  const { t } = useTranslation('messages');
  return (
    <div className="messages-tools">
      {props.held !== null && (
        <Switch
          size="sm"
          label={t('hold')}
          title={t('holdHint')}
          checked={props.held}
          onChange={(event) => props.onHold(event.currentTarget.checked)}
        />
      )}
      {props.heartbeats !== null && <Heartbeats shown={props.heartbeats} onChange={props.onHeartbeats} />}
      <Switch
        size="sm"
        label={t('showCharts')}
        checked={props.charts}
        onChange={(event) => props.onCharts(event.currentTarget.checked)}
      />
      <span role="status" className="messages-held">
        {props.held === true && <NewOnes newest={props.newest} query={props.query} />}
      </span>
    </div>
  );
}

/** The address, which holds the choice, is a moment behind the click. */
function Heartbeats({ shown, onChange }: { shown: boolean; onChange: (shown: boolean) => void }) {
  const { t } = useTranslation('messages');
  const [checked, setChecked] = useState(shown);
  useEffect(() => setChecked(shown), [shown]);
  return (
    <Switch
      size="sm"
      label={t('heartbeats')}
      checked={checked}
      onChange={(event) => {
        setChecked(event.currentTarget.checked);
        onChange(event.currentTarget.checked);
      }}
    />
  );
}

const COUNTED_MAX = 100;

function NewOnes({ newest, query }: { newest: string | undefined; query: MessageQuery }) {
  const { t } = useTranslation('messages');
  const latest = useRead('listMessages', { query: { ...query, limit: COUNTED_MAX } }).data?.items ?? [];
  const ids = latest.map(({ id }) => id);
  const count = newest === undefined ? ids.length : newerThan(newest, ids);
  if (count === 0) return t('held');
  return count < COUNTED_MAX ? t('heldNew', { count }) : t('heldMany', { count: COUNTED_MAX - 1 });
}
