/** Starts the customer's page. */
import "./styles/tokens.css";
import "./styles/page.css";
import "./styles/call.css";
import "./styles/conversation.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { CustomerPage } from "./CustomerPage";
import { recallTheme } from "./theme";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

recallTheme();
createRoot(root).render(
  <StrictMode>
    <CustomerPage />
  </StrictMode>,
);
