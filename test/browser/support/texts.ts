/** The console's own words, in which a test looks for what a person would look for. */
import { currencyExponent, formatDecimalAmount } from '@piculus/protocol';
import i18next from 'i18next';
import en from '../../../packages/console/src/locales/en/index.ts';
import zh from '../../../packages/console/src/locales/zh-CN/index.ts';

export type Language = 'zh-CN' | 'en';
/** Takes `namespace.key`. @throws where the console has no such text: a test must not look for nothing. */
export type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string;

const texts = i18next.createInstance();
// Everything is in memory already, so nothing is waited for.
void texts.init({
  resources: { en, 'zh-CN': zh },
  fallbackLng: false,
  interpolation: { escapeValue: false },
  initAsync: false,
});

export function sayIn(language: Language): Say {
  const say = texts.getFixedT(language);
  return (key, values = {}) => {
    const name = key.replace('.', ':');
    if (!texts.exists(name, { lng: language, ...values })) throw new Error(`the console has no text ${key}`);
    return String(say(name, values));
  };
}

/** A name that begins like this: entries of the menu and of tabs end with a count. */
export function beginning(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
}

/** As the console writes it, in either language. */
export function money(amountMinor: string, currency: string): string {
  const digits = currencyExponent(currency);
  const figure = formatDecimalAmount(BigInt(amountMinor), currency);
  const [whole = '', fraction = ''] = figure.split('.');
  const grouped = BigInt(whole).toLocaleString('en-US');
  return `${currency} ${digits === 0 ? grouped : `${grouped}.${fraction}`}`;
}

export function moneyOf(
  amounts: ReadonlyArray<{ readonly currency: string; readonly amountMinor: string }>,
): string {
  return amounts.map(({ currency, amountMinor }) => money(amountMinor, currency)).join(', ');
}
