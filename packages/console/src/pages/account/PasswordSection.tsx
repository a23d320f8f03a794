import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ChangePassword } from '../../app/ChangePassword.tsx';
import { Section } from '../../parts/Section.tsx';

export function PasswordSection() {
  const { t } = useTranslation('account');
  const { t: shell } = useTranslation('shell');
  const [open, setOpen] = useState(false);
  return (
    <Section title={t('password')} lead={t('passwordLead')}>
      <Button variant="default" onClick={() => setOpen(true)}>
        {shell('changePassword')}
      </Button>
      {open && <ChangePassword onClose={() => setOpen(false)} />}
    </Section>
  );
}
