import pg from 'pg';
import { Prisma } from './generated/client.js';

/** Of a process; a server process of Postgres holds some 20 KB for each. */
const plansMax = 200;
const int8Oid = 20;

/**
 * Runs one statement and gives its rows as the driver reads them: `int8` as bigint, `timestamptz` as Date, `json` parsed, `bytea`
 * as bytes. For the statements that every job takes: beside `$queryRaw` it saves about half of the CPU time of a call. Whoever
 * waits for it does so with `orUnavailable`, as for Prisma's.
 */
export type RunPlanned = <Row>(strings: TemplateStringsArray, ...values: unknown[]) => Promise<Row[]>;

/**
 * Names statements, so that each connection parses and plans them once: for those of jobs that costs more than to run them.
 * A pool between us and Postgres has to know prepared statements (PgBouncer from 1.21).
 */
export function keepPlans(): (sql: string) => string {
  const names = new Map<string, string>();
  return (sql) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    // Full (lists of many lengths make many texts): what comes now has no name and is planned every time.
    if (names.size >= plansMax) return '';
    const name = `nightjar_${names.size}`;
    names.set(sql, name);
    return name;
  };
}

/** How the driver reads columns, but `int8`, of which it makes a text. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8Oid && format !== 'binary' ? BigInt : pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
};

/** Statements straight over the driver's pool, with parameters as `Prisma.sql` takes them, fragments too. */
export function runPlannedOver(pool: pg.Pool, nameOf: (sql: string) => string): RunPlanned {
  return async <Row>(strings: TemplateStringsArray, ...values: unknown[]) => {
    const { text, values: parameters } = Prisma.sql(strings, ...(values as Prisma.Sql['values']));
    const { rows } = await pool.query({ name: nameOf(text), text, values: parameters, types });
    return rows as Row[];
  };
}
