/** The conversation as plain text, to copy or to keep. */
import { sizeWords } from "../files";
import type { Item, ToolRun } from "../lines";
import { clock } from "../page/clock";
import { saveBlob } from "../page/saveBlob";
import { ASSISTANT, SHOP, fileWords, noteWords, toolOutcome, toolTitle } from "./plain";

export function transcriptText(items: Item[]): string {
  return `${SHOP}: transcript\n\n${items.flatMap(lines).join("\n")}\n`;
}

function lines(item: Item): string[] {
  const at = clock(item.at);
  switch (item.kind) {
    case "customer":
      return [`[${at}] You (${item.channel === "voice" ? "spoken" : "written"}): ${item.text}`];
    case "reply":
      return [
        ...item.tools.map((run) => toolLine(run, at)),
        `[${at}] ${ASSISTANT}: ${item.text}${item.interrupted ? " [interrupted]" : ""}`,
        ...item.citations.map((cited) => `[${at}]   Source: ${cited.title}`),
      ];
    case "human":
      return [`[${at}] ${item.agent} (${item.channel === "voice" ? "spoken" : "written"}): ${item.text}`];
    case "file":
      return [`[${at}] ${fileWords(item)} (${sizeWords(item.size)})`];
    case "tool":
      return [toolLine(item.run, at)];
    case "note": {
      const said = noteWords(item.fact);
      return said === "" ? [] : [`[${at}] ${said}`];
    }
  }
}

function toolLine(run: ToolRun, at: string): string {
  const receipt = run.result?.receiptId ? `, receipt ${run.result.receiptId}` : "";
  return `[${at}]   ${toolTitle(run)}: ${toolOutcome(run).toLowerCase()}${receipt}`;
}

export function download(text: string): void {
  saveBlob(new Blob([text], { type: "text/plain;charset=utf-8" }), "transcript.txt");
}
