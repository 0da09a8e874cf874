/** Login attempts in memory, for tests. */
import { FAILED_LOGIN_WINDOW_MS, type AttemptStore, type AttemptWindow } from './login-throttle.js';

export class MemoryAttemptStore implements AttemptStore {
  private readonly windows = new Map<string, AttemptWindow>();

  async add(key: string, nowMs: number): Promise<AttemptWindow> {
    const window = this.windows.get(key);
    if (window && window.endsAtMs > nowMs) {
      window.count += 1;
      return { ...window };
    }
    const fresh = { count: 1, endsAtMs: nowMs + FAILED_LOGIN_WINDOW_MS };
    this.windows.set(key, fresh);
    return { ...fresh };
  }

  async takeBack(key: string): Promise<void> {
    const window = this.windows.get(key);
    if (window && window.count > 0) window.count -= 1;
  }

  async clear(key: string): Promise<void> {
    this.windows.delete(key);
  }
}
