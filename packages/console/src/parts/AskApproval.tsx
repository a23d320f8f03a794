/** Asks a second person for what the server refused to do for one. */
import type { ApprovalCommand } from '@piculus/protocol/http';
import type { ReactNode } from 'react';
import { ConfirmAct } from './ConfirmAct.tsx';

interface AskApprovalProps {
  readonly title: string;
  /** What would be done, for the button. */
  readonly act: string;
  readonly command: ApprovalCommand;
  /** Does it where no second person is needed any more by now. */
  readonly onAlone: () => Promise<void>;
  readonly onAsked?: () => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

export function AskApproval({ onAlone, children, ...rest }: AskApprovalProps) {
  return (
    <ConfirmAct {...rest} reason="none" onConfirm={onAlone}>
      {children}
    </ConfirmAct>
  );
}
