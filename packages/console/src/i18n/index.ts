/**
 * Two languages, one at a time in memory: Chinese where the browser names neither. Chinese is the one that types
 * come from; English that lacks a text does not compile.
 */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Messages } from './messages.ts';

export const LANGUAGES = ['zh-CN', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const KEPT_UNDER = 'piculus-language';

const LOADERS: Readonly<Record<Language, () => Promise<{ default: Messages }>>> = {
  'zh-CN': () => import('../locales/zh-CN/index.ts'),
  en: () => import('../locales/en/index.ts'),
};

/** The language that was chosen here before, else the first of the browser's that we have, else Chinese. */
export function preferredLanguage(kept: string | null, browser: readonly string[]): Language {
  const known = LANGUAGES.find((language) => language === kept);
  if (known !== undefined) return known;
  for (const tag of browser) {
    const main = tag.toLowerCase().split('-')[0];
    if (main === 'zh') return 'zh-CN';
    if (main === 'en') return 'en';
  }
  return 'zh-CN';
}

export async function startI18n(): Promise<void> {
  const language = preferredLanguage(readKept(), navigator.languages);
  // On their way already while the library begins; what fails is told when they are shown.
  LOADERS[language]().catch(() => {});
  await i18next.use(initReactI18next).init({
    resources: {},
    fallbackLng: false,
    defaultNS: 'common',
    // React escapes what it shows; escaping twice would show entities.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await show(language);
}

/** Shows and remembers a language. */
export async function changeLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(KEPT_UNDER, language);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
  await show(language);
}

/** @returns the language on the screen. */
export function currentLanguage(): Language {
  return i18next.language === 'en' ? 'en' : 'zh-CN';
}

async function show(language: Language): Promise<void> {
  const { default: messages } = await LOADERS[language]();
  for (const [namespace, texts] of Object.entries(messages))
    i18next.addResourceBundle(language, namespace, texts, true, true);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

function readKept(): string | null {
  try {
    return localStorage.getItem(KEPT_UNDER);
  } catch {
    return null;
  }
}
