/** Why there is no call (any more): the one error of the microphone, the signalling and the connection. */

/** Why a call cannot be made or went away; the page has a sentence with a remedy for each. */
export type CallFault =
  | "insecure_origin"
  | "unsupported"
  | "permission_denied"
  | "no_microphone"
  | "microphone_busy"
  | "microphone_gone"
  | "refused"
  | "gateway_unreachable"
  | "no_path"
  | "connection_lost";

/** A call that cannot go on. `message` is the gateway's own sentence and `code` its code, where it gave one. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";

  constructor(
    readonly fault: CallFault,
    message = "",
    readonly code: string | null = null,
  ) {
    super(message);
  }
}
