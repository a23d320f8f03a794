/** Figures as bars, each a link to the list behind it. The numbers stand beside the bars, so nothing is colour alone. */
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { wholeNumber } from './format.ts';

export interface Bar {
  readonly key: string;
  readonly name: ReactNode;
  readonly value: number;
  /** Beside the number, for instance amounts. */
  readonly note?: ReactNode;
  readonly to?: string;
  readonly color?: string;
}

export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <ul className="bars" aria-label={label}>
      {bars.map((bar) => (
        <li key={bar.key} className="bar">
          <BarBody bar={bar} share={bar.value / most} />
        </li>
      ))}
    </ul>
  );
}

function BarBody({ bar, share }: { bar: Bar; share: number }) {
  const body = (
    <>
      <span className="bar-name">{bar.name}</span>
      <span className="bar-track" aria-hidden="true">
        <span
          className="bar-fill"
          style={{
            width: `${Math.round(share * 1000) / 10}%`,
            ...(bar.color ? { background: bar.color } : {}),
          }}
        />
      </span>
      <span className="bar-value">{wholeNumber(bar.value)}</span>
      {bar.note !== undefined && <span className="bar-note">{bar.note}</span>}
    </>
  );
  return bar.to === undefined ? (
    <span className="bar-body">{body}</span>
  ) : (
    <Link className="bar-body" to={bar.to}>
      {body}
    </Link>
  );
}
