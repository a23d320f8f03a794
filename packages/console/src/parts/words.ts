/** Texts that come in both languages from the server or the protocol. */
import { currentLanguage } from '../i18n/index.ts';

export interface Bilingual {
  readonly en: string;
  readonly zh: string;
}

/** @returns the text in the language of the page. */
export function inLanguage(text: Bilingual): string {
  return currentLanguage() === 'en' ? text.en : text.zh;
}
