/** One page of a table by the conventions of lists: allow-listed filters and sort, stable order. */
import type { Page } from '@ai-gateway/contracts';
import {
  And,
  LessThan,
  MoreThanOrEqual,
  type EntityManager,
  type EntityTarget,
  type FindOptionsOrder,
  type FindOptionsWhere,
  type ObjectLiteral,
} from 'typeorm';
import { z } from 'zod';

/** What `listQueryOf` yields: page, size, sort and one property per filter. */
export interface ListQuery {
  page: number;
  size: number;
  sort: string;
}

export interface PageOptions<Row extends ObjectLiteral> {
  /** Breaks ties, so that pages do not overlap. */
  idColumn: keyof Row & string;
  /** Conditions that do not come from the query, for example the owner. */
  where?: FindOptionsWhere<Row>;
}

export async function findPage<Row extends ObjectLiteral, Item>(
  manager: EntityManager,
  entity: EntityTarget<Row>,
  query: ListQuery,
  { idColumn, where, view }: PageOptions<Row> & { view: (row: Row) => Item },
): Promise<Page<Item>> {
  const { page, size, sort, ...filters } = query;
  const [rows, total] = await manager.findAndCount(entity, {
    where: { ...defined(filters), ...where } as FindOptionsWhere<Row>,
    order: orderOf<Row>(sort, idColumn),
    skip: (page - 1) * size,
    take: size,
  });
  return { items: rows.map(view), total, page, size };
}

/** Rows of a time column within `from` (inclusive) and `to` (exclusive), ISO 8601. */
export function timeRange<Row extends ObjectLiteral>(
  column: keyof Row & string,
  from: string | undefined,
  to: string | undefined,
): FindOptionsWhere<Row> {
  const bounds = [
    ...(from === undefined ? [] : [MoreThanOrEqual(new Date(from))]),
    ...(to === undefined ? [] : [LessThan(new Date(to))]),
  ];
  return (bounds.length === 0 ? {} : { [column]: And(...bounds) }) as FindOptionsWhere<Row>;
}

function orderOf<Row>(sort: string, idColumn: string): FindOptionsOrder<Row> {
  const descends = sort.startsWith('-');
  const field = descends ? sort.slice(1) : sort;
  const direction = descends ? 'DESC' : 'ASC';
  return { [field]: direction, ...(field === idColumn ? {} : { [idColumn]: 'ASC' }) } as never;
}

const defined = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** Filters arrive as text. Stored names are trimmed, and MySQL ignores trailing spaces anyway. */
export const filters = {
  text: z.string().trim().max(2000).optional(),
  status: z
    .enum(['0', '1'])
    .transform((text) => Number(text) as 0 | 1)
    .optional(),
  flag: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  id: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, 'must be an id')
    .transform(Number)
    .optional(),
} as const;
