/** Whether what is on the screen follows the server. Told by words and shape, not by colour alone. */
import { Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSpanSince } from '../parts/Time.tsx';
import { useLive } from './live.tsx';

export function LiveBadge() {
  const { t } = useTranslation('shell');
  const { state: now, since } = useLive();
  // Nobody sees a page that is asleep; what is seen of it first is that it wakes.
  const state = now === 'asleep' ? 'connecting' : now;
  const span = useSpanSince(since);
  const words = { live: t('live'), connecting: t('connecting'), lost: t('lost') }[state];
  const hint = state === 'lost' ? t('lostFor', { age: span }) : t('liveHint');
  return (
    <Tooltip label={hint} multiline w={260}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the hint must be reachable without a mouse. */}
      <span className="live-badge" data-state={state} role="status" tabIndex={0}>
        <span className="live-mark" aria-hidden="true" />
        <span className="live-words">{words}</span>
      </span>
    </Tooltip>
  );
}
