/**
 * Figures over time: drawn for eyes, and the same as a table for screen readers and for whoever wants the numbers.
 * Where the drawing cannot be loaded, the table stands in its place.
 */
import { Button, VisuallyHidden } from '@mantine/core';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { ChartTable } from './ChartTable.tsx';
import type { Canvas } from './chart-canvas.ts';
import { type ChartFigures, type ChartPalette, chartOption } from './chart-options.ts';
import { Scrollable } from './Scrollable.tsx';
import './chart.css';

export interface ChartProps {
  /** What the figures tell; the caption of the table. */
  readonly label: string;
  /** Heads the column of slots in the table. */
  readonly slotLabel: string;
  /** Kept the same while nothing changes: it is drawn again when it is another. */
  readonly figures: ChartFigures;
  /** The list behind one figure of the table. */
  readonly linkOf?: (series: string, slot: number) => string | undefined;
}

export function Chart(props: ChartProps) {
  const { t } = useTranslation();
  const [asTable, setAsTable] = useState(false);
  const [broken, setBroken] = useState(false);
  const { linkOf, ...plain } = props;
  const tableShown = asTable || broken;
  return (
    <div className="chart">
      <div className="chart-head">
        <ul className="chart-legend" aria-hidden="true">
          {props.figures.series.map(({ key, name, kind, tone, pattern }) => (
            <li key={key}>
              <span className="chart-swatch" data-kind={kind} data-tone={tone} data-pattern={pattern} />
              {name}
            </li>
          ))}
        </ul>
        {!broken && (
          <Button
            size="compact-xs"
            variant="default"
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            {t('showTable')}
          </Button>
        )}
      </div>
      {tableShown ? (
        <Scrollable label={props.label} className="chart-table">
          <ChartTable {...props} />
        </Scrollable>
      ) : (
        <>
          <Drawing figures={props.figures} onBroken={() => setBroken(true)} />
          {/* Without links: focus must never be where nobody sees it. */}
          <VisuallyHidden>
            <ChartTable {...plain} />
          </VisuallyHidden>
        </>
      )}
    </div>
  );
}

function Drawing({ figures, onBroken }: { figures: ChartFigures; onBroken: () => void }) {
  const place = useRef<HTMLDivElement>(null);
  const [canvas, setCanvas] = useState<Canvas | null>(null);
  const scheme = useScheme();
  const broken = useRef(onBroken);
  broken.current = onBroken;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let gone = false;
    let opened: Canvas | null = null;
    const open = (): void => {
      import('./chart-canvas.ts').then(
        ({ openCanvas }) => {
          if (gone) return;
          opened = openCanvas(element);
          setCanvas(opened);
        },
        () => broken.current(),
      );
    };
    // The library is as large as the rest of the page: it is loaded when its first drawing comes into view.
    const views = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      views.disconnect();
      open();
    });
    views.observe(element);
    return () => {
      gone = true;
      views.disconnect();
      opened?.end();
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours.
  useEffect(() => canvas?.show(chartOption(figures, readPalette())), [canvas, figures, scheme]);

  return <div ref={place} className="chart-canvas" aria-hidden="true" />;
}

const SCHEME = 'data-mantine-color-scheme';

/** Light or dark, as the document has it now. */
function useScheme(): string {
  return useSyncExternalStore(
    (listener) => {
      const changes = new MutationObserver(listener);
      changes.observe(document.documentElement, { attributeFilter: [SCHEME] });
      return () => changes.disconnect();
    },
    () => document.documentElement.getAttribute(SCHEME) ?? '',
  );
}

function readPalette(): ChartPalette {
  const styles = getComputedStyle(document.documentElement);
  const read = (name: string): string => styles.getPropertyValue(name).trim();
  return {
    tones: {
      green: read('--chart-green'),
      red: read('--chart-red'),
      orange: read('--chart-orange'),
      gray: read('--chart-gray'),
      blue: read('--chart-blue'),
      violet: read('--chart-violet'),
    },
    text: read('--mantine-color-dimmed'),
    line: read('--piculus-line'),
    ground: read('--mantine-color-body'),
    font: read('--mantine-font-family'),
  };
}
