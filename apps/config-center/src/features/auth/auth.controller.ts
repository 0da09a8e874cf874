/** Signing in and out, and who is signed in. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  identitySchema,
  loginRequestSchema,
  passwordChangeSchema,
  refreshRequestSchema,
  tokenResponseSchema,
  type Identity,
  type LoginRequest,
  type PasswordChange,
  type RefreshRequest,
  type TokenResponse,
} from '@ai-gateway/contracts';
import { AdminError, Answers, Public, RequirePermission } from '@ai-gateway/nest-runtime';
import { userOf } from './access.guard.js';
import { AuthenticationService, type IssuedTokens } from './authentication.service.js';
import {
  clearRefreshCookie,
  isConsole,
  readRefreshCookie,
  writeRefreshCookie,
} from './refresh-cookie.js';

/** Express adds the peer's address. */
type Request = IncomingMessage & { ip?: string };

@ApiTags('auth')
@Controller('api/v1/auth')
export class AuthController {
  constructor(private readonly authentication: AuthenticationService) {}

  @Public()
  @Answers(200, tokenResponseSchema)
  @HttpCode(200)
  @Post('login')
  async login(
    @Body({ schema: loginRequestSchema }) body: LoginRequest,
    @Req() request: Request,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<TokenResponse> {
    const tokens = await this.authentication.login(body, addressOf(request));
    return answer(tokens, request, response);
  }

  @Public()
  @Answers(200, tokenResponseSchema)
  @HttpCode(200)
  @Post('refresh')
  async refresh(
    @Body({ schema: refreshRequestSchema.optional() }) body: RefreshRequest | undefined,
    @Req() request: Request,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<TokenResponse> {
    const given = isConsole(request) ? readRefreshCookie(request) : body?.refresh_token;
    if (!given) throw new AdminError('UNAUTHENTICATED');
    return answer(await this.authentication.refresh(given), request, response);
  }

  @RequirePermission('read')
  @Answers(204)
  @HttpCode(204)
  @Post('logout')
  async logout(
    @Req() request: Request,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<void> {
    await this.authentication.logout(userOf(request));
    if (isConsole(request)) clearRefreshCookie(response);
  }

  @RequirePermission('read')
  @Answers(200, identitySchema)
  @Get('me')
  me(@Req() request: Request): Identity {
    const { userId, username, roles, permissions } = userOf(request);
    return { user_id: userId, username, roles: [...roles], permissions: [...permissions] };
  }

  /** Ends all sessions of the user, this one too. */
  @RequirePermission('write')
  @Answers(204)
  @HttpCode(204)
  @Post('password')
  async changePassword(
    @Body({ schema: passwordChangeSchema }) body: PasswordChange,
    @Req() request: Request,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<void> {
    await this.authentication.changePassword(userOf(request), body, addressOf(request));
    if (isConsole(request)) clearRefreshCookie(response);
  }
}

/** A console gets the refresh token as a cookie, anybody else in the body. */
function answer(tokens: IssuedTokens, request: Request, response: ServerResponse): TokenResponse {
  response.setHeader('cache-control', 'no-store');
  const body = {
    access_token: tokens.accessToken,
    token_type: 'Bearer' as const,
    expires_in: tokens.expiresInSec,
  };
  if (!isConsole(request)) return { ...body, refresh_token: tokens.refreshToken };
  writeRefreshCookie(response, tokens.refreshToken, tokens.refreshExpiresInSec);
  return body;
}

const addressOf = (request: Request): string => request.ip ?? '';
