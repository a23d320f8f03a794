/** Reads variables of the environment; what is not valid becomes a line that names the variable and the reason. */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigReader {
  /** Without spaces around it; null where it is not set or empty. */
  text(name: string): string | null;
  /** `otherwise` where it is not set. */
  whole(name: string, otherwise: number, range: readonly [min: number, max: number]): number;
  /** An address with one of these protocols, each as `https:`; null where it is not set. */
  url(name: string, protocols: readonly string[]): string | null;
  /** One line for each variable that is not valid. */
  readonly problems: string[];
}

export function createConfigReader(environment: Environment): ConfigReader {
  const problems: string[] = [];
  const text = (name: string): string | null => {
    const value = environment[name]?.trim();
    return value === undefined || value === '' ? null : value;
  };
  return {
    problems,
    text,
    whole(name, otherwise, [min, max]) {
      const value = text(name);
      if (value === null) return otherwise;
      const number = /^[0-9]{1,12}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      problems.push(`${name} must be a whole number from ${min} to ${max}, not "${value}"`);
      return otherwise;
    },
    url(name, protocols) {
      const value = text(name);
      // The value is not repeated: it may hold a password.
      if (value !== null && !(URL.canParse(value) && protocols.includes(new URL(value).protocol))) {
        problems.push(
          `${name} must be an address that begins with ${protocols.map((each) => `${each}//`).join(' or ')}`,
        );
      }
      return value;
    },
  };
}
