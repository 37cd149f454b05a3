/**
 * One call: microphone in, the far end's voice out, over a WebRTC connection that is negotiated as
 * docs/wire.md says (compatible with pipecat's SmallWebRTC clients). Our own peer connection instead of their
 * SDK, because the SDK's default device handling loads code from a third party's server at run time, offers
 * video sections that nobody uses, and adds 116 KB; the events it would carry arrive on the chat websocket
 * anyway.
 */
import { type Backoff, delayMs } from "./backoff";
import { CallFailed } from "./callFailed";
import { openMicrophone } from "./microphone";
import { Trickle, iceServers, sendOffer } from "./signalling";
import { type Offer, isPeerLeft } from "./voiceWire";

export type CallState = "asking" | "connecting" | "live" | "reconnecting";

/** How a call ended: `customer` and `gateway` hung up; anything else is thrown as `CallFailed`. */
export type CallEnd = "customer" | "gateway";

export interface CallSettings {
  /** Where the routes of calls are: below `/api`, or `/api/desk`. */
  below: string;
  /** What each offer names (the session to talk in); asked again for each, as it may have changed. */
  request: () => Promise<Offer["request_data"]>;
  onState: (state: CallState) => void;
  onMicrophone: (stream: MediaStream) => void;
  onVoice: (stream: MediaStream) => void;
}

const CONNECT_WITHIN_MS = 15_000;
/** ICE may find back by itself within this time. */
const DISCONNECTED_FOR_MS = 3_000;
const RECONNECT: Backoff = { firstMs: 400, maxMs: 4_000 };
const RECONNECT_ATTEMPTS = 10;
/** Tells the gateway that we are still there, as SmallWebRTC clients do. */
const PING_EVERY_MS = 1_000;

/** A peer connection that is up: how it ends, and what a later one must name to take its place. */
interface Link {
  pcId: string;
  /** `left`: the gateway hung up; `lost`: the network took it. */
  ended: Promise<"left" | "lost">;
  close: () => void;
}

export class Call {
  private readonly settings: CallSettings;
  private readonly hungUp = new AbortController();
  private microphone: MediaStream | null = null;

  constructor(settings: CallSettings) {
    this.settings = settings;
  }

  /** Makes the call and returns when it is over; the microphone is closed by then. Throws `CallFailed`. */
  async run(): Promise<CallEnd> {
    try {
      this.settings.onState("asking");
      const microphone = await this.open();
      this.settings.onMicrophone(microphone);
      return await this.talk(microphone);
    } catch (error) {
      if (this.hungUp.signal.aborted) return "customer";
      throw error;
    } finally {
      if (this.microphone !== null) close(this.microphone);
    }
  }

  hangUp(): void {
    this.hungUp.abort();
  }

  mute(muted: boolean): void {
    this.microphone?.getAudioTracks().forEach((track) => (track.enabled = !muted));
  }

  private async open(): Promise<MediaStream> {
    const opening = openMicrophone();
    // Kept even when the customer hung up while the browser still asked, so that it is closed then.
    void opening.then(
      (stream) => (this.hungUp.signal.aborted ? close(stream) : (this.microphone = stream)),
      () => undefined,
    );
    return unless(this.hungUp.signal, opening);
  }

  private async talk(microphone: MediaStream): Promise<CallEnd> {
    const { signal } = this.hungUp;
    const gone = microphoneGone(microphone);
    this.settings.onState("connecting");
    let link = await this.connect(microphone, null);
    for (;;) {
      this.settings.onState("live");
      try {
        const end = await unless(signal, Promise.race([link.ended, gone]));
        if (end === "left") return "gateway";
      } finally {
        link.close();
      }
      this.settings.onState("reconnecting");
      link = await this.reconnect(microphone, link.pcId);
    }
  }

  private async reconnect(microphone: MediaStream, pcId: string): Promise<Link> {
    let replaces: string | null = pcId;
    for (let attempt = 0; attempt < RECONNECT_ATTEMPTS; attempt++) {
      await unless(this.hungUp.signal, sleep(delayMs(RECONNECT, attempt, Math.random())));
      try {
        return await this.connect(microphone, replaces);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        // The gateway was restarted meanwhile: the call is new to it, the session is not.
        if (error.code === "unknown_peer") replaces = null;
        else if (error.fault === "refused") throw error;
      }
    }
    throw new CallFailed("connection_lost");
  }

  /** Negotiates one peer connection and waits until it carries media. */
  private async connect(microphone: MediaStream, replaces: string | null): Promise<Link> {
    const { signal } = this.hungUp;
    const request = await unless(signal, this.settings.request());
    const pc = new RTCPeerConnection({ iceServers: await unless(signal, iceServers(this.settings.below)) });
    try {
      const channel = pc.createDataChannel("chat", { ordered: true });
      const ended = endOf(pc, channel);
      keepAlive(channel);
      pc.ontrack = ({ track, streams }) => this.settings.onVoice(streams[0] ?? new MediaStream([track]));
      for (const track of microphone.getAudioTracks()) {
        pc.addTransceiver(track, { direction: "sendrecv", streams: [microphone] });
      }
      const pcId = await unless(signal, this.negotiate(pc, replaces, request));
      await unless(signal, connected(pc, ended));
      return { pcId, ended, close: () => pc.close() };
    } catch (error) {
      pc.close();
      throw error;
    }
  }

  private async negotiate(
    pc: RTCPeerConnection,
    replaces: string | null,
    request: Offer["request_data"],
  ): Promise<string> {
    const { below } = this.settings;
    const trickle = new Trickle(below);
    pc.onicecandidate = ({ candidate }) => trickle.add(candidate);
    await pc.setLocalDescription(await pc.createOffer());
    const answer = await sendOffer(below, {
      sdp: pc.localDescription?.sdp ?? "",
      type: "offer",
      pc_id: replaces,
      restart_pc: replaces !== null,
      request_data: request,
    });
    await pc.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    trickle.open(answer.pc_id);
    return answer.pc_id;
  }
}

// --- one connection ------------------------------------------------------------------------------------

function keepAlive(channel: RTCDataChannel): void {
  let pings: ReturnType<typeof setInterval> | undefined;
  channel.addEventListener("open", () => {
    pings = setInterval(() => channel.readyState === "open" && channel.send("ping"), PING_EVERY_MS);
  });
  channel.addEventListener("close", () => clearInterval(pings));
}

// --- waiting -------------------------------------------------------------------------------------------

function endOf(pc: RTCPeerConnection, channel: RTCDataChannel): Promise<"left" | "lost"> {
  return new Promise((resolve) => {
    let patience: ReturnType<typeof setTimeout> | undefined;
    pc.addEventListener("connectionstatechange", () => {
      clearTimeout(patience);
      if (pc.connectionState === "failed") resolve("lost");
      if (pc.connectionState === "closed") resolve("left");
      if (pc.connectionState === "disconnected")
        patience = setTimeout(() => resolve("lost"), DISCONNECTED_FOR_MS);
    });
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === "string" && isPeerLeft(data)) resolve("left");
    };
    // The far end closed the channel while the way there is fine: it hung up.
    channel.addEventListener("close", () => resolve(pc.connectionState === "connected" ? "left" : "lost"));
  });
}

async function connected(pc: RTCPeerConnection, ended: Promise<"left" | "lost">): Promise<void> {
  const up = new Promise<"up">((resolve) => {
    const look = () => {
      if (pc.connectionState === "connected") resolve("up");
    };
    pc.addEventListener("connectionstatechange", look);
    look();
  });
  const outcome = await Promise.race([up, ended, sleep(CONNECT_WITHIN_MS)]);
  if (outcome !== "up") throw new CallFailed("no_path");
}

/** Rejects when the device goes away (unplugged, taken back by the system). */
function microphoneGone(microphone: MediaStream): Promise<never> {
  const gone = new Promise<never>((_, reject) => {
    for (const track of microphone.getAudioTracks()) {
      track.addEventListener("ended", () => reject(new CallFailed("microphone_gone")));
    }
  });
  // Between two connections nobody is waiting for it; then the rejection is not an unhandled one.
  gone.catch(() => undefined);
  return gone;
}

/** Waits for `work`, but no longer than until the caller hangs up; then it throws the signal's reason. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function close(stream: MediaStream): void {
  stream.getTracks().forEach((track) => track.stop());
}

function sleep(ms: number): Promise<"elapsed"> {
  return new Promise((resolve) => setTimeout(() => resolve("elapsed"), ms));
}
