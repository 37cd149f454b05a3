/** How loud a stream is right now, for the meters; reads Web Audio analysers, keeps nothing. */

const BANDS = 5;
/** Speech lies below this; the bands split it evenly on a logarithmic scale. */
const TOP_HZ = 4_000;
const BOTTOM_HZ = 120;

export class Levels {
  private readonly analyser: AnalyserNode;
  private readonly spectrum: Uint8Array<ArrayBuffer>;
  private readonly edges: number[];

  constructor(context: AudioContext, stream: MediaStream) {
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.analyser.smoothingTimeConstant = 0.6;
    this.analyser.minDecibels = -80;
    this.analyser.maxDecibels = -22;
    context.createMediaStreamSource(stream).connect(this.analyser);
    this.spectrum = new Uint8Array(this.analyser.frequencyBinCount);
    const hzPerBin = context.sampleRate / this.analyser.fftSize;
    this.edges = Array.from({ length: BANDS + 1 }, (_, band) =>
      Math.round((BOTTOM_HZ * (TOP_HZ / BOTTOM_HZ) ** (band / BANDS)) / hzPerBin),
    );
  }

  /** Five loudness values from 0 to 1, low to high frequency. */
  bands(): number[] {
    this.analyser.getByteFrequencyData(this.spectrum);
    return this.edges.slice(0, BANDS).map((from, band) => {
      const to = Math.max(from + 1, this.edges[band + 1] ?? from + 1);
      const bins = this.spectrum.subarray(from, to);
      return bins.reduce((sum, value) => sum + value, 0) / bins.length / 255;
    });
  }
}
