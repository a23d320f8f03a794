/** A text that takes effect at Enter or when the field is left, not at every letter. */
import { TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';

export interface TypedTextProps {
  readonly label: string;
  readonly value: string;
  readonly onCommit: (value: string) => void;
  readonly placeholder?: string | undefined;
  readonly inputMode?: 'numeric' | 'decimal' | 'text';
  readonly type?: 'text' | 'datetime-local';
  readonly error?: string | undefined;
}

export function TypedText({ value, onCommit, inputMode = 'text', type = 'text', ...field }: TypedTextProps) {
  const [text, setText] = useState(value);
  // A value that was changed elsewhere, by the address or "clear", replaces what stands here.
  useEffect(() => setText(value), [value]);
  const commit = (): void => {
    if (text.trim() !== value) onCommit(text.trim());
  };
  return (
    <TextInput
      size="xs"
      type={type}
      step={type === 'datetime-local' ? 1 : undefined}
      inputMode={inputMode}
      label={field.label}
      placeholder={field.placeholder ?? ''}
      error={field.error}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
    />
  );
}
