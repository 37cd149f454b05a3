/** The sound of an offer, made with Web Audio: two soft tones, again and again while it rings. */

const AGAIN_MS = 2_600;
/** Hz, and seconds from the beginning of one ring. */
const TONES: [hz: number, atS: number][] = [
  [659.25, 0],
  [880, 0.18],
  [659.25, 0.5],
  [880, 0.68],
];
const TONE_S = 0.32;
const LOUDNESS = 0.14;

export class Ring {
  private context: AudioContext | null = null;
  private again: ReturnType<typeof setInterval> | undefined;

  /** Call it within a click or key press: browsers let no page sound before one. */
  allow(): void {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") void this.context.resume();
  }

  /** Rings until `stop`; in silence where the browser does not let us sound. */
  start(): void {
    if (this.again !== undefined) return;
    this.once();
    this.again = setInterval(() => this.once(), AGAIN_MS);
  }

  stop(): void {
    clearInterval(this.again);
    this.again = undefined;
  }

  close(): void {
    this.stop();
    void this.context?.close();
    this.context = null;
  }

  private once(): void {
    if (this.context?.state !== "running") return;
    for (const [hz, atS] of TONES) tone(this.context, hz, this.context.currentTime + atS);
  }
}

function tone(context: AudioContext, hz: number, atS: number): void {
  const source = context.createOscillator();
  const gain = context.createGain();
  source.type = "sine";
  source.frequency.value = hz;
  // Rises and falls, as a tone that is switched on and off clicks.
  gain.gain.setValueAtTime(0, atS);
  gain.gain.linearRampToValueAtTime(LOUDNESS, atS + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, atS + TONE_S);
  source.connect(gain).connect(context.destination);
  source.start(atS);
  source.stop(atS + TONE_S);
}
