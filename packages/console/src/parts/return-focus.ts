/** Where the keyboard is when a dialog has gone: on what opened it, not at the top of the page. */
import { type RefObject, useEffect, useState } from 'react';

/**
 * For a dialog that is there only while it is open. Where what opened it has gone as well, the content of the page
 * gets the focus; where another dialog has taken it, nothing happens.
 * @param instead gets the focus in place of what opened the dialog, for acts that take that away.
 */
export function useReturnFocus(instead?: RefObject<HTMLElement | null>): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // Once the dialog has left the page, and another one may have taken its place.
      window.setTimeout(() => {
        const { activeElement, body } = document;
        if (activeElement !== null && activeElement !== body) return;
        if (document.querySelector('[role="dialog"]') !== null) return;
        const target =
          instead?.current ??
          (opener instanceof HTMLElement && opener.isConnected && opener !== body
            ? opener
            : document.getElementById('content'));
        target?.focus();
      });
    },
    [opener, instead],
  );
}
