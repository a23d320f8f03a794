import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

export interface ScrollableProps {
  /** What is inside, for screen readers. */
  readonly label: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** Scrolls inside itself where it is too wide, so that the page never does. */
export function Scrollable({ label, className = 'data-scroll', children }: ScrollableProps) {
  const { t } = useTranslation();
  const name = t('scrollable', { name: label });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
    <section className={className} tabIndex={0} aria-label={name}>
      {children}
    </section>
  );
}
