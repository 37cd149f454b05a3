/** The page's icons: 24-unit line drawings in the text's colour, silent for screen readers. */
import type { ReactNode } from "react";

/** The frame of every icon. */
export function Icon({ children }: { children: ReactNode }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const phone =
  "M6.6 3.5h2.2c.5 0 .9.3 1 .8l.8 3.1a1.1 1.1 0 0 1-.3 1.1L8.5 10.2a13 13 0 0 0 5.3 5.3l1.7-1.8a1.1 1.1 0 0 1 1.1-.3l3.1.8c.5.1.8.5.8 1v2.2a2.3 2.3 0 0 1-2.5 2.3A16.5 16.5 0 0 1 4.3 6 2.3 2.3 0 0 1 6.6 3.5Z";

export const PhoneIcon = () => (
  <Icon>
    <path d={phone} />
  </Icon>
);

export const HangUpIcon = () => (
  <Icon>
    <g transform="rotate(135 12 12)">
      <path d={phone} />
    </g>
  </Icon>
);

export const MicIcon = () => (
  <Icon>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
  </Icon>
);

export const MicOffIcon = () => (
  <Icon>
    <path d="M15 10V6a3 3 0 0 0-5.8-1M9 9v2a3 3 0 0 0 4.5 2.6M5.5 11.5a6.5 6.5 0 0 0 10.6 5M18.5 11.5c0 .9-.2 1.7-.5 2.5M12 18v3M4 3.5l16 17" />
  </Icon>
);

export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5M6 11l6-6 6 6" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <rect x="7" y="7" width="10" height="10" rx="2" className="icon-solid" />
  </Icon>
);

export const PersonIcon = () => (
  <Icon>
    <circle cx="12" cy="8" r="3.5" />
    <path d="M5 20c.6-3.5 3.4-5.5 7-5.5s6.4 2 7 5.5" />
  </Icon>
);

export const ArticleIcon = () => (
  <Icon>
    <path d="M6 3.5h8l4 4V20a.5.5 0 0 1-.5.5h-11A.5.5 0 0 1 6 20ZM14 3.5V8h4M9 12.5h6M9 16h6" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m5.5 12.5 4.2 4.2 8.8-9.2" />
  </Icon>
);

export const AlertIcon = () => (
  <Icon>
    <path d="M12 4 3 19.5h18ZM12 10v4.5M12 17v.1" />
  </Icon>
);

export const ForbiddenIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8" />
    <path d="m6.5 6.5 11 11" />
  </Icon>
);

export const CopyIcon = () => (
  <Icon>
    <rect x="8.5" y="8.5" width="11" height="12" rx="2" />
    <path d="M15.5 5.5a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2" />
  </Icon>
);

export const DownloadIcon = () => (
  <Icon>
    <path d="M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14" />
  </Icon>
);

export const ClipIcon = () => (
  <Icon>
    <path d="m19 11.5-7.2 7.2a4.4 4.4 0 0 1-6.2-6.2l7.6-7.6a2.9 2.9 0 0 1 4.1 4.1l-7.4 7.4a1.4 1.4 0 0 1-2-2l6.6-6.6" />
  </Icon>
);

export const FileIcon = () => (
  <Icon>
    <path d="M13.5 3.5H7a1.5 1.5 0 0 0-1.5 1.5v14A1.5 1.5 0 0 0 7 20.5h10a1.5 1.5 0 0 0 1.5-1.5V8.5ZM13.5 3.5v5h5" />
  </Icon>
);

export const KeyboardIcon = () => (
  <Icon>
    <rect x="3" y="6" width="18" height="12" rx="2" />
    <path d="M7 10h.1M11 10h.1M15 10h.1M8 14.5h8" />
  </Icon>
);

export const ThemeIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8" />
    <path d="M12 4a8 8 0 0 1 0 16Z" className="icon-solid" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6.5 6.5 11 11M17.5 6.5l-11 11" />
  </Icon>
);

export const ChevronIcon = () => (
  <Icon>
    <path d="m8 10 4 4 4-4" />
  </Icon>
);

/** The shop's mark: a hill and the sun. */
export const ShopMark = () => (
  <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="9" className="mark-ground" />
    <path d="M5 23 12.5 11l4.2 6.6L19.5 13 27 23Z" className="mark-hill" />
    <circle cx="22.5" cy="9.5" r="2.5" className="mark-sun" />
  </svg>
);
