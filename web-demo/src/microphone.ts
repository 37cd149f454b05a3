/** Opens the microphone, or says in one of a few words why that is not possible (W3C Media Capture). */
import { CallFailed, type CallFault } from "./callFailed";

const FAULT_OF: Record<string, CallFault> = {
  NotAllowedError: "permission_denied",
  SecurityError: "permission_denied",
  NotFoundError: "no_microphone",
  OverconstrainedError: "no_microphone",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
};

const CONSTRAINTS: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  channelCount: 1,
};

/** Asks for the microphone. Throws `CallFailed`; the browser may show its question first. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!window.isSecureContext) throw new CallFailed("insecure_origin");
  if (navigator.mediaDevices === undefined || typeof RTCPeerConnection === "undefined") {
    throw new CallFailed("unsupported");
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: CONSTRAINTS });
  } catch (error) {
    const fault = error instanceof DOMException ? FAULT_OF[error.name] : undefined;
    if (fault === undefined) throw error;
    throw new CallFailed(fault);
  }
}
