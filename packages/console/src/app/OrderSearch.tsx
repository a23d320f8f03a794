/** From an order number to its problems, from every page. */
import { TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';

export function OrderSearch() {
  const { t } = useTranslation('shell');
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const find = (event: FormEvent): void => {
    event.preventDefault();
    const businessKey = text.trim();
    if (businessKey === '') return;
    void navigate(`/problems?${new URLSearchParams({ businessKey })}`);
    setText('');
  };
  return (
    <search className="shell-search">
      <form onSubmit={find}>
        <TextInput
          type="search"
          size="xs"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={t('search')}
          aria-label={t('search')}
          title={t('searchHint')}
          maxLength={128}
        />
      </form>
    </search>
  );
}
