/** A value as indented JSON. Always text: what a client sent is never markup. */
import { useTranslation } from 'react-i18next';
import { Copy } from './Copy.tsx';

export function Json({ value, label }: { value: unknown; label: string }) {
  const { t } = useTranslation();
  const text = JSON.stringify(value, null, 2) ?? 'null';
  return (
    <div className="json">
      <div className="json-copy">
        <Copy text={text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys. */}
      <section className="json-scroll" tabIndex={0} aria-label={t('scrollable', { name: label })}>
        <pre>{text}</pre>
      </section>
    </div>
  );
}
