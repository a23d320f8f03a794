/** What somebody may not do is not offered to them; the server would refuse it too. */
import type { Verb } from '@piculus/protocol';
import type { ReactNode } from 'react';
import { useMay } from '../../app/session.tsx';

export interface AbleProps {
  readonly to: Verb;
  /** A system; or in one at least, or in all of them. */
  readonly where: { readonly sysCode: string } | 'anywhere' | 'everywhere';
  readonly children: ReactNode;
  /** In place of it. */
  readonly otherwise?: ReactNode;
}

export function Able({ to, where, children, otherwise = null }: AbleProps) {
  const { may, mayAnywhere } = useMay();
  if (where === 'anywhere') return mayAnywhere(to) ? children : otherwise;
  return (where === 'everywhere' ? may(to) : may(to, where.sysCode)) ? children : otherwise;
}
