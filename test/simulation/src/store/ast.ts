/** What the parser makes of SQL text. */

export type Expression =
  | { readonly kind: 'column'; readonly table: string | null; readonly name: string }
  | { readonly kind: 'star'; readonly table: string | null }
  | { readonly kind: 'parameter'; readonly place: number }
  | {
      readonly kind: 'constant';
      readonly type: string;
      readonly value: null | boolean | number | bigint | string;
    }
  | { readonly kind: 'unary'; readonly operator: string; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  | {
      readonly kind: 'is';
      readonly of: Expression;
      readonly what: 'null' | 'true' | 'false';
      readonly not: boolean;
    }
  | {
      readonly kind: 'distinct';
      readonly left: Expression;
      readonly right: Expression;
      readonly not: boolean;
    }
  | {
      readonly kind: 'between';
      readonly of: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly not: boolean;
    }
  | {
      readonly kind: 'in';
      readonly of: Expression;
      readonly list: readonly Expression[];
      readonly not: boolean;
    }
  | { readonly kind: 'in-query'; readonly of: Expression; readonly query: Query; readonly not: boolean }
  | {
      readonly kind: 'quantified';
      readonly operator: string;
      readonly left: Expression;
      readonly all: boolean;
      readonly array: Expression | null;
      readonly query: Query | null;
    }
  | {
      readonly kind: 'like';
      readonly of: Expression;
      readonly pattern: Expression;
      readonly not: boolean;
      readonly ignoreCase: boolean;
    }
  | { readonly kind: 'exists'; readonly query: Query }
  | { readonly kind: 'scalar'; readonly query: Query }
  | { readonly kind: 'array-query'; readonly query: Query }
  | { readonly kind: 'array'; readonly of: readonly Expression[] }
  | { readonly kind: 'row'; readonly of: readonly Expression[] }
  | { readonly kind: 'subscript'; readonly of: Expression; readonly index: Expression }
  | { readonly kind: 'field'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'cast'; readonly of: Expression; readonly type: string }
  | {
      readonly kind: 'case';
      readonly of: Expression | null;
      readonly whens: readonly (readonly [Expression, Expression])[];
      readonly otherwise: Expression | null;
    }
  | Call;

export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
  readonly star: boolean;
  readonly distinct: boolean;
  readonly orderBy: readonly Sort[];
  readonly filter: Expression | null;
}

export interface Sort {
  readonly by: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface Output {
  readonly of: Expression;
  readonly alias: string | null;
}

export interface TypedName {
  readonly name: string;
  readonly type: string | null;
}

export type Source =
  | { readonly kind: 'table'; readonly name: string; readonly alias: string }
  | {
      readonly kind: 'query';
      readonly query: Query;
      readonly alias: string;
      readonly columns: readonly TypedName[];
    }
  | {
      readonly kind: 'function';
      readonly calls: readonly FunctionSource[];
      readonly ordinality: boolean;
      readonly alias: string;
      readonly columns: readonly TypedName[];
    };

export interface FunctionSource {
  readonly call: Call;
  /** Given with `AS (…)` inside of ROWS FROM. */
  readonly columns: readonly TypedName[];
}

export interface Join {
  readonly source: Source;
  readonly left: boolean;
  readonly on: Expression | null;
  readonly using: readonly string[];
}

export type LockMode = 'key-share' | 'share' | 'no-key-update' | 'update';
export interface Locking {
  readonly mode: LockMode;
  readonly of: readonly string[];
  readonly skipLocked: boolean;
  readonly noWait: boolean;
}

export interface Select {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly outputs: readonly Output[];
  readonly from: readonly Join[];
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
  readonly groupingSets: readonly (readonly Expression[])[] | null;
  readonly having: Expression | null;
}
export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
}
export interface Union {
  readonly kind: 'union';
  readonly operator: 'union' | 'except' | 'intersect';
  readonly all: boolean;
  readonly left: QueryBody;
  readonly right: QueryBody;
}
/** A query in brackets, with an order and a limit of its own. */
export interface Nested {
  readonly kind: 'nested';
  readonly query: Query;
}
export type QueryBody = Select | Values | Union | Nested;

export interface Query {
  readonly with: readonly Common[];
  readonly body: QueryBody | Modification;
  readonly orderBy: readonly Sort[];
  readonly limit: Expression | null;
  readonly offset: Expression | null;
  readonly locking: Locking | null;
}
export interface Common {
  readonly name: string;
  readonly query: Query;
}

export interface Assignment {
  readonly column: string;
  readonly value: Expression | null;
}
export interface Insert {
  readonly kind: 'insert';
  readonly table: string;
  readonly alias: string;
  readonly columns: readonly string[];
  readonly query: Query | null;
  readonly conflict: Conflict | null;
  readonly returning: readonly Output[];
}
export interface Conflict {
  readonly target: readonly Expression[];
  readonly where: Expression | null;
  /** Null does nothing. */
  readonly set: readonly Assignment[] | null;
  readonly setWhere: Expression | null;
}
export interface Update {
  readonly kind: 'update';
  readonly table: string;
  readonly alias: string;
  readonly set: readonly Assignment[];
  readonly from: readonly Join[];
  readonly where: Expression | null;
  readonly returning: readonly Output[];
}
export interface Delete {
  readonly kind: 'delete';
  readonly table: string;
  readonly alias: string;
  readonly from: readonly Join[];
  readonly where: Expression | null;
  readonly returning: readonly Output[];
}
export type Modification = Insert | Update | Delete;

// Definitions ------------------------------------------------------------------------------------------------------

export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly identity: boolean;
  readonly default: Expression | null;
  readonly constraints: readonly Constraint[];
}
export type Constraint =
  | { readonly kind: 'check'; readonly name: string | null; readonly condition: Expression }
  | {
      readonly kind: 'unique';
      readonly name: string | null;
      readonly primary: boolean;
      readonly columns: readonly string[];
      readonly nullsEqual: boolean;
    }
  | {
      readonly kind: 'reference';
      readonly name: string | null;
      readonly columns: readonly string[];
      readonly table: string;
      readonly cascade: boolean;
    };

export type TableChange =
  | { readonly kind: 'add-column'; readonly column: ColumnDefinition; readonly ifNotExists: boolean }
  | { readonly kind: 'add-constraint'; readonly constraint: Constraint }
  | { readonly kind: 'drop-constraint'; readonly name: string }
  | { readonly kind: 'drop-column'; readonly name: string }
  | { readonly kind: 'set-default'; readonly column: string; readonly value: Expression | null }
  | { readonly kind: 'set-not-null' | 'drop-not-null'; readonly column: string }
  | { readonly kind: 'ignored' };

export interface FunctionDefinition {
  readonly kind: 'create-function';
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
  readonly returns: string;
  /** Of `RETURNS TABLE`. */
  readonly columns: readonly TypedName[];
  readonly language: string;
  readonly body: string;
}
export interface TriggerDefinition {
  readonly kind: 'create-trigger';
  readonly name: string;
  readonly table: string;
  readonly before: boolean;
  readonly events: readonly string[];
  readonly updateOf: readonly string[];
  readonly eachRow: boolean;
  readonly when: Expression | null;
  /** Of `REFERENCING NEW TABLE AS`. */
  readonly newTable: string | null;
  readonly oldTable: string | null;
  readonly function: string;
}
export type Definition =
  | {
      readonly kind: 'create-table';
      readonly name: string;
      readonly ifNotExists: boolean;
      readonly columns: readonly ColumnDefinition[];
      readonly constraints: readonly Constraint[];
      readonly like: string | null;
    }
  | { readonly kind: 'alter-table'; readonly name: string; readonly changes: readonly TableChange[] }
  | {
      readonly kind: 'create-index';
      readonly name: string;
      readonly table: string;
      readonly unique: boolean;
      readonly of: readonly Expression[];
      readonly where: Expression | null;
      readonly nullsEqual: boolean;
    }
  | { readonly kind: 'create-view'; readonly name: string; readonly query: Query }
  | { readonly kind: 'create-sequence'; readonly name: string }
  | { readonly kind: 'drop'; readonly what: string; readonly name: string; readonly table: string | null }
  | { readonly kind: 'truncate'; readonly tables: readonly string[]; readonly restart: boolean }
  | { readonly kind: 'ignored' }
  | FunctionDefinition
  | TriggerDefinition;

export type Control =
  | { readonly kind: 'begin'; readonly isolation: string | null }
  | { readonly kind: 'commit' | 'rollback' | 'nothing' };

export type Statement =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'define'; readonly definition: Definition }
  | { readonly kind: 'control'; readonly control: Control };
