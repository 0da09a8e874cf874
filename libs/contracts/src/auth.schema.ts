/** Admin access: roles, permissions, login. */
import { z } from 'zod';
import { idSchema, nameSchema, statusSchema, storedFields, updateOf } from './primitives.js';

export const ROLES = ['super_admin', 'ns_admin', 'operator', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = ['read', 'write', 'delete'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Hashing cost grows with length, so it is capped before. */
export const MAX_PASSWORD_BYTES = 256;

export const newPasswordSchema = z
  .string()
  .min(12)
  .refine((text) => new TextEncoder().encode(text).length <= MAX_PASSWORD_BYTES, 'too long');
const usernameSchema = nameSchema(64);

export const loginRequestSchema = z.strictObject({
  username: z.string().min(1).max(64),
  password: z.string().min(1).max(MAX_PASSWORD_BYTES),
});
export const refreshRequestSchema = z.strictObject({
  refresh_token: z.string().min(1).max(512).optional(),
});
export const passwordChangeSchema = z.strictObject({
  old_password: z.string().min(1).max(MAX_PASSWORD_BYTES),
  new_password: newPasswordSchema,
});
export const tokenResponseSchema = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('seconds'),
  refresh_token: z.string().optional(),
});
export const identitySchema = z.object({
  user_id: idSchema,
  username: z.string(),
  roles: z.array(z.enum(ROLES)),
  permissions: z.array(z.enum(PERMISSIONS)),
});

const userWritable = {
  username: usernameSchema,
  role: z.enum(ROLES),
  password: newPasswordSchema,
  status: statusSchema,
};
export const userCreateSchema = z.strictObject({
  ...userWritable,
  status: statusSchema.default(1),
});
export const userUpdateSchema = updateOf(userWritable);
export const userSchema = z.object({
  user_id: idSchema,
  username: usernameSchema,
  role: z.enum(ROLES),
  status: statusSchema,
  ...storedFields,
});

export type LoginRequest = z.infer<typeof loginRequestSchema>;
export type RefreshRequest = z.infer<typeof refreshRequestSchema>;
export type PasswordChange = z.infer<typeof passwordChangeSchema>;
export type TokenResponse = z.infer<typeof tokenResponseSchema>;
export type Identity = z.infer<typeof identitySchema>;
export type UserCreate = z.infer<typeof userCreateSchema>;
export type UserUpdate = z.infer<typeof userUpdateSchema>;
export type User = z.infer<typeof userSchema>;
