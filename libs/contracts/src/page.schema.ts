/** Lists: `?page=1&size=50&sort=-priority&<field>=…` → `{items, total, page, size}`. */
import { z } from 'zod';
import { countSchema } from './primitives.js';

export const MAX_PAGE_SIZE = 200;

const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);

/**
 * The query of a list. `sortable` names the fields `sort` takes, descending with a leading `-`;
 * `defaultSort` is the first of them. `filters` holds one schema per filterable field. Anything else is refused.
 */
export const listQueryOf = <Filters extends z.core.$ZodShape>(
  sortable: readonly [string, ...string[]],
  filters: Filters,
  defaultSort: string = sortable[0],
) =>
  z.strictObject({
    page: wholeNumber.pipe(z.int().min(1).max(1_000_000)).default(1),
    size: wholeNumber.pipe(z.int().min(1).max(MAX_PAGE_SIZE)).default(50),
    sort: z
      .enum(sortable.flatMap((field) => [field, `-${field}`]) as [string, ...string[]])
      .default(defaultSort),
    ...filters,
  });

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), total: countSchema, page: z.int(), size: z.int() });

export interface Page<Item> {
  items: Item[];
  total: number;
  page: number;
  size: number;
}
