import { expect, it } from 'vitest';
import { preferredLanguage } from '../../src/i18n/index.ts';

it('takes what was chosen here before, then the first of the browser that is known, then Chinese', () => {
  expect(preferredLanguage('en', ['zh-CN'])).toBe('en');
  expect(preferredLanguage('zh-CN', ['en-US'])).toBe('zh-CN');
  expect(preferredLanguage(null, ['fr-FR', 'en-GB', 'zh-CN'])).toBe('en');
  expect(preferredLanguage(null, ['de', 'ZH-Hant-TW', 'en'])).toBe('zh-CN');
  expect(preferredLanguage(null, ['fr', 'de'])).toBe('zh-CN');
  expect(preferredLanguage('klingon', [])).toBe('zh-CN');
});
