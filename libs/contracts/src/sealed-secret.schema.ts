/**
 * A secret at rest: AES-256-GCM under a data key of its own, which is wrapped by the master key.
 * Only this form is stored, cached, published and written to disk.
 */
import { z } from 'zod';

const base64 = z.base64().max(16_384);

export const sealedSecretSchema = z.object({
  kid: z.string().min(1).max(64).describe('which master key wrapped the data key'),
  wrapped_key: base64,
  wrap_nonce: base64,
  nonce: base64,
  ciphertext: base64,
  hint: z.string().max(8).describe('at most the last four characters, for the eye'),
});
export type SealedSecret = z.infer<typeof sealedSecretSchema>;

/** How a write-only secret reads back. */
export const secretViewSchema = z.object({ set: z.boolean(), hint: z.string() });
export type SecretView = z.infer<typeof secretViewSchema>;
