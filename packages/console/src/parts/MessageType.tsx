import { useTranslation } from 'react-i18next';
import { namedType } from './message-types.ts';

/** A message's type in words; on hover as the protocol calls it. */
export function MessageType({ type }: { type: string }) {
  const { t } = useTranslation('messages');
  const named = namedType(type);
  return <span title={type}>{named === undefined ? type : t(`types.${named}`)}</span>;
}
