import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Nothing is here: why, and what to do first. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Stack className="empty" align="center" gap="xs">
      <Text fw={600}>{title}</Text>
      {children !== undefined && <div className="empty-lead">{children}</div>}
    </Stack>
  );
}
