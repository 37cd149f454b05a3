/** Icons that only the desk needs. */
import { Icon } from "../page/icons";

export const ChatIcon = () => (
  <Icon>
    <path d="M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-7l-4.5 3.5V16H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5Z" />
  </Icon>
);

export const HoldIcon = () => (
  <Icon>
    <path d="M9 6v12M15 6v12" />
  </Icon>
);

export const KeypadIcon = () => (
  <Icon>
    <path d="M6.5 6h.1M12 6h.1M17.5 6h.1M6.5 12h.1M12 12h.1M17.5 12h.1M6.5 18h.1M12 18h.1M17.5 18h.1" />
  </Icon>
);

export const TransferIcon = () => (
  <Icon>
    <path d="M4 9h14M14 5l4 4-4 4M20 15H6M10 11l-4 4 4 4" />
  </Icon>
);

export const BotIcon = () => (
  <Icon>
    <rect x="4.5" y="8" width="15" height="11" rx="3" />
    <path d="M12 8V4.5M9 13v1.5M15 13v1.5" />
  </Icon>
);

export const BellIcon = () => (
  <Icon>
    <path d="M6.5 16.5h11L16 14V10a4 4 0 0 0-8 0v4ZM10.5 19.5h3" />
  </Icon>
);

export const BellOffIcon = () => (
  <Icon>
    <path d="M8 10v4l-1.5 2.5h9M16 12v-2a4 4 0 0 0-6.5-3.1M10.5 19.5h3M4 4l16 16" />
  </Icon>
);

export const EarIcon = () => (
  <Icon>
    <path d="M7 9a5 5 0 0 1 10 0c0 4-4 4.5-4 8a2.5 2.5 0 0 1-5 .5M10 9a2 2 0 0 1 4 0c0 1.5-1.5 2-2 3.5" />
  </Icon>
);

export const SignOutIcon = () => (
  <Icon>
    <path d="M14 4.5H6.5A1.5 1.5 0 0 0 5 6v12a1.5 1.5 0 0 0 1.5 1.5H14M10 12h10M16.5 8.5 20 12l-3.5 3.5" />
  </Icon>
);

export const SparkIcon = () => (
  <Icon>
    <path d="M12 4c.8 4.5 3.5 7.200 8 8-4.5.8-7.200 3.5-8 8-.8-4.5-3.5-7.200-8-8 4.5-.8 7.200-3.5 8-8Z" />
  </Icon>
);
