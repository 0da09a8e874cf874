/** `/api/v1/users`. No answer ever carries a password. */
import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  listQueryOf,
  pageOf,
  ROLES,
  userCreateSchema,
  userSchema,
  userUpdateSchema,
  type Page,
  type User,
  type UserCreate,
  type UserUpdate,
} from '@ai-gateway/contracts';
import { Answers, RequirePermission } from '@ai-gateway/nest-runtime';
import { z } from 'zod';
import { IdParam } from '../../platform/http/id-param.decorator.js';
import { IfMatch, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { filters } from '../../platform/resources/list-page.js';
import type { Written } from '../../platform/revisions/config-revisions.js';
import { UsersService } from './users.service.js';

const listSchema = listQueryOf(['user_id', 'username', 'role', 'status', 'create_time'], {
  username: filters.text,
  role: z.enum(ROLES).optional(),
  status: filters.status,
});

@ApiTags('users')
@Controller('api/v1/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @RequirePermission('read')
  @Answers(200, pageOf(userSchema))
  @Get()
  list(@Query({ schema: listSchema }) query: z.output<typeof listSchema>): Promise<Page<User>> {
    return this.users.list(query);
  }

  @RequirePermission('read')
  @Answers(200, userSchema)
  @Get(':user_id')
  get(@IdParam('user_id') userId: number): Promise<User> {
    return this.users.get(userId);
  }

  @RequirePermission('write')
  @Answers(201, userSchema)
  @Post()
  create(@Body({ schema: userCreateSchema }) body: UserCreate): Promise<Written<User>> {
    return this.users.create(body);
  }

  @RequirePermission('write')
  @Answers(200, userSchema)
  @Put(':user_id')
  update(
    @IdParam('user_id') userId: number,
    @IfMatch() expected: ExpectedVersion,
    @Body({ schema: userUpdateSchema }) body: UserUpdate,
  ): Promise<Written<User>> {
    return this.users.update(userId, body, expected);
  }

  @RequirePermission('delete')
  @Answers(204)
  @HttpCode(204)
  @Delete(':user_id')
  delete(
    @IdParam('user_id') userId: number,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<Written<undefined>> {
    return this.users.delete(userId, expected);
  }
}
