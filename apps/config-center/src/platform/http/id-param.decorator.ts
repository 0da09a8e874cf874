/** A resource id in the path: a whole number from 1; anything else is 400. */
import { idSchema } from '@ai-gateway/contracts';
import { Param } from '@nestjs/common';
import { z } from 'zod';

const idParamSchema = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'must be an id')
  .transform(Number)
  .pipe(idSchema);

export const IdParam = (name: string): ParameterDecorator => Param(name, { schema: idParamSchema });
