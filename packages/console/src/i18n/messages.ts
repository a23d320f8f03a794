/** The types of the texts. */
import type zh from '../locales/zh-CN/index.ts';

/**
 * The shape that another language must have: the same keys, and a form for one beside each form for many, which
 * Chinese does not tell apart.
 */
export type Translated<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : Translated<T[K]>;
} & {
  readonly [K in keyof T as K extends `${infer Base}_other` ? `${Base}_one` : never]: string;
};

/** All namespaces of one language. */
export type Messages = { readonly [N in keyof typeof zh]: object };
