/** A small number beside a name, with words for those who do not see it. */
import { VisuallyHidden } from '@mantine/core';
import { wholeNumber } from './format.ts';

export function Count({ value, label }: { value: number; label: string }) {
  return (
    <span className="count">
      <span aria-hidden="true">{value > 9_999 ? '9999+' : wholeNumber(value)}</span>
      <VisuallyHidden>{label}</VisuallyHidden>
    </span>
  );
}
