/**
 * A secret that is shown this once: it cannot be closed by accident, only by saying that it was kept. Nothing of
 * it stays in the page.
 */
import { Alert, Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Copy } from './Copy.tsx';
import { useReturnFocus } from './return-focus.ts';

export interface SecretOnceProps {
  readonly title: string;
  readonly warning: string;
  /** Names the field. */
  readonly label: string;
  readonly secret: string;
  /** What the person says: that it was kept. */
  readonly kept: string;
  readonly done: string;
  readonly onDone: () => void;
}

export function SecretOnce({ title, warning, label, secret, kept, done, onDone }: SecretOnceProps) {
  useReturnFocus();
  const [isKept, setKept] = useState(false);
  return (
    <Modal
      opened
      onClose={onDone}
      title={title}
      size="lg"
      centered
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
    >
      <Stack gap="md">
        <Alert color="orange">{warning}</Alert>
        <TextInput
          label={label}
          value={secret}
          readOnly
          autoComplete="off"
          spellCheck={false}
          className="secret"
          onFocus={(event) => event.currentTarget.select()}
          data-autofocus
        />
        <div>
          <Copy text={secret} />
        </div>
        <Checkbox label={kept} checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />
        <Group justify="flex-end">
          <Button disabled={!isKept} onClick={onDone}>
            {done}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
