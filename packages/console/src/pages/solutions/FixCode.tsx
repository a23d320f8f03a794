import { Fragment } from 'react';

/** A fix code that, where it is too long for a line, breaks between its words. */
export function FixCode({ of }: { of: string }) {
  return of.split(/(?<=[a-z])(?=[A-Z])/).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name.
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
