import { CallFailed } from "./callFailed";

/**
 * A value that comes and goes; whoever asks while it is away waits for it, up to a limit, after which it
 * rejects with `CallFailed`.
 */
export class Waiting<T> {
  private value: T | null = null;
  private readonly askers = new Set<(value: T) => void>();

  constructor(private readonly withinMs: number) {}

  set(value: T): void {
    this.value = value;
    for (const answer of this.askers) answer(value);
    this.askers.clear();
  }

  clear(): void {
    this.value = null;
  }

  get(): Promise<T> {
    if (this.value !== null) return Promise.resolve(this.value);
    return new Promise((resolve, reject) => {
      const answer = (value: T) => {
        clearTimeout(timer);
        resolve(value);
      };
      const timer = setTimeout(() => {
        this.askers.delete(answer);
        reject(new CallFailed("gateway_unreachable"));
      }, this.withinMs);
      this.askers.add(answer);
    });
  }
}
