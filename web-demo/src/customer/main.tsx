/** Starts the customer's page. */
import "../page/styles/tokens.css";
import "../page/styles/parts.css";
import "../page/styles/lines.css";
import "../page/styles/files.css";
import "./styles/page.css";
import "./styles/call.css";
import "./styles/conversation.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { recallTheme } from "../page/theme";
import { CustomerPage } from "./CustomerPage";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

recallTheme();
createRoot(root).render(
  <StrictMode>
    <CustomerPage />
  </StrictMode>,
);
