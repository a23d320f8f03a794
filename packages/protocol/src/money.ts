/**
 * Money is a whole number of minor units with a currency, never a float. On the wire and in JSON an amount
 * is a string of digits, because JSON numbers lose digits above 2^53.
 */
import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** Minor units per major unit, as a power of ten (ISO 4217). Currencies not listed have two. */
const EXPONENTS: Readonly<Record<string, number>> = {
  BHD: 3,
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  IQD: 3,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  PYG: 0,
  RWF: 0,
  TND: 3,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
};

export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'three capital letters, ISO 4217');

/** A signed whole number of minor units as text, without leading zeros. */
export const minorSchema = z
  .string()
  .regex(/^(0|-?[1-9][0-9]*)$/, 'a whole number of minor units as text')
  .max(LIMITS.amountDigits + 1);

/** A positive whole number of minor units as text. */
export const positiveMinorSchema = z
  .string()
  .regex(/^[1-9][0-9]*$/, 'a positive whole number of minor units as text')
  .max(LIMITS.amountDigits);

/** @returns how many decimal digits the currency has; two where it is not known. */
export function currencyExponent(currency: string): number {
  return EXPONENTS[currency] ?? 2;
}

/**
 * Reads a decimal amount, for instance `"700.00"`, as minor units.
 * @throws RangeError when the text is not a plain decimal or has more digits than the currency.
 */
export function parseDecimalAmount(text: string, currency: string): bigint {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]+))?$/.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a decimal amount`);
  const exponent = currencyExponent(currency);
  const fraction = match[3] ?? '';
  if (fraction.length > exponent) {
    throw new RangeError(`"${text}" has more than ${exponent} decimals, which ${currency} does not have`);
  }
  const digits = `${match[2]}${fraction.padEnd(exponent, '0')}`;
  const value = BigInt(digits);
  return match[1] ? -value : value;
}

/** Writes minor units as a decimal amount, the reverse of {@link parseDecimalAmount}. */
export function formatDecimalAmount(minor: bigint, currency: string): string {
  const exponent = currencyExponent(currency);
  const negative = minor < 0n;
  const digits = (negative ? -minor : minor).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = exponent > 0 ? `.${digits.slice(-exponent)}` : '';
  return `${negative ? '-' : ''}${whole}${fraction}`;
}
