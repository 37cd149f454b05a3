/**
 * What customers are owed: how many, all the time; which, while somebody looks at them. Customers' data do not
 * stay in the page after that.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { type FollowUp, type FollowUpCount, type Outcome, readCount, readFollowUps } from "./followUps";
import { RequestFailed, ask, post } from "./request";
import { asFailure, usePolled } from "./usePolled";

const PATH = "/api/desk/follow-ups";
const COUNT_EVERY_MS = 20_000;

export interface FollowUpsControl {
  /** Null while that is not known. */
  count: FollowUpCount | null;
  /** Null while they are asked for. */
  list: FollowUp[] | null;
  fault: string | null;
  again: () => void;
  /** Closes one for good; whether that was done. What went wrong is told as a notice. */
  close: (followUp: FollowUp, outcome: Outcome) => Promise<boolean>;
}

interface Wish {
  /** The person may see them at all. */
  may: boolean;
  /** They look at them. */
  shown: boolean;
  /** Contacts on the desk: one that was wrapped up may have left something to do. */
  contacts: number;
  onDoubt: () => void;
  notify: (words: string) => void;
}

const askCount = () => ask(`${PATH}/count`, readCount);

export function useFollowUps({ may, shown, contacts, onDoubt, notify }: Wish): FollowUpsControl {
  const { value: count, again: recount } = usePolled(askCount, COUNT_EVERY_MS, may, onDoubt);
  const [list, setList] = useState<FollowUp[] | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [tries, setTries] = useState(0);
  const opened = useRef(false);

  useEffect(() => recount(), [contacts, recount]);

  const open = count?.open;
  const due = count?.due;
  useEffect(() => {
    if (!shown) {
      opened.current = false;
      setList(null);
      setFault(null);
      return;
    }
    let here = true;
    // What changes without the person's doing is read anew without counting as theirs.
    const path = opened.current ? `${PATH}?by_itself=true` : PATH;
    opened.current = true;
    const look = async () => {
      const found = await ask(path, readFollowUps).catch(asFailure);
      if (!here) return;
      if (found instanceof RequestFailed) {
        setFault(found.message);
        if (found.code === "not_signed_in") onDoubt();
      } else {
        setList(found.follow_ups);
        setFault(null);
      }
    };
    void look();
    return () => {
      here = false;
    };
  }, [shown, open, due, tries, onDoubt]);

  const again = useCallback(() => {
    opened.current = false;
    setFault(null);
    setTries((before) => before + 1);
  }, []);
  const close = useCallback(
    async ({ follow_up_id: id }: FollowUp, outcome: Outcome): Promise<boolean> => {
      const path = `${PATH}/${encodeURIComponent(id)}/close`;
      const failed = await post(path, { outcome }).then(() => null, asFailure);
      recount();
      // One that a colleague has closed, or that is another queue's now, is gone in any case.
      const gone = failed === null || failed.code === "closed_already" || failed.code === "unknown_follow_up";
      if (gone) setList((all) => all?.filter((other) => other.follow_up_id !== id) ?? null);
      if (failed === null) return true;
      notify(failed.message);
      if (failed.code === "not_signed_in") onDoubt();
      return false;
    },
    [recount, onDoubt, notify],
  );
  return { count, list, fault, again, close };
}
