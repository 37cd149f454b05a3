/** Starts the agents' page. */
import "../page/styles/tokens.css";
import "../page/styles/parts.css";
import "../page/styles/lines.css";
import "../page/styles/files.css";
import "./styles/frame.css";
import "./styles/sidebar.css";
import "./styles/conversation.css";
import "./styles/side.css";
import "./styles/offer.css";
import "./styles/consult.css";
import "./styles/supervisor.css";
import "./styles/office.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { recallTheme } from "../page/theme";
import { DeskPage } from "./DeskPage";

const root = document.getElementById("root");
if (root === null) throw new Error("desk.html has no #root");

recallTheme();
createRoot(root).render(
  <StrictMode>
    <DeskPage />
  </StrictMode>,
);
