/** Websockets of the gateway that serves this page. */

export function openSocket(path: string): WebSocket {
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address);
}
