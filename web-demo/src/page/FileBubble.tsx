/**
 * A file in a conversation: its name, what it is, and ways to save it or to see a picture. Nothing of it is
 * fetched before somebody asks; a picture is drawn from its bytes, so no address opens it.
 */
import { useEffect, useRef, useState } from "react";
import { type FileExchange, FileFailed, kindWords, sizeWords } from "../files";
import type { FileItem } from "../lines";
import { FileIcon } from "./icons";
import { saveBlob } from "./saveBlob";

interface Props {
  item: FileItem;
  files: FileExchange;
  notify: (text: string) => void;
}

const WIDEST = 320;
const HIGHEST = 240;

export function FileBubble({ item, files, notify }: Props) {
  const [busy, setBusy] = useState(false);
  const [picture, setPicture] = useState<Blob | null>(null);
  const name = fileName(item);
  const fetched = async (use: (blob: Blob) => void) => {
    setBusy(true);
    try {
      use(await files.fetch(item.key));
    } catch (error) {
      if (!(error instanceof FileFailed)) throw error;
      notify(`${name}: ${error.message}`);
    } finally {
      setBusy(false);
    }
  };
  const unseen = () => {
    setPicture(null);
    notify(`${name} cannot be shown.`);
  };
  const look = item.by === "customer" ? "bubble-customer" : "bubble-human";
  return (
    <div className={`bubble file ${look}`} aria-busy={busy}>
      <FileIcon />
      <div className="file-words">
        <p className="file-name">{name}</p>
        <p className="meta">
          {kindWords(item.mediaType)}, {sizeWords(item.size)}
        </p>
        <p className="file-acts">
          <button
            type="button"
            className="text-button"
            aria-label={`Save ${name}`}
            onClick={() => !busy && void fetched((blob) => saveBlob(blob, name))}
          >
            Save
          </button>
          {item.mediaType.startsWith("image/") && (
            <button
              type="button"
              className="text-button"
              aria-label={`${picture === null ? "Show" : "Hide"} ${name}`}
              aria-expanded={picture !== null}
              onClick={() => !busy && (picture === null ? void fetched(setPicture) : setPicture(null))}
            >
              {picture === null ? "Show" : "Hide"}
            </button>
          )}
        </p>
        {picture !== null && <Picture blob={picture} name={name} failed={unseen} />}
      </div>
    </div>
  );
}

/** What a file is called; an erased person's file has no name any more. */
export function fileName({ name }: Pick<FileItem, "name">): string {
  return name ?? "A file (name removed)";
}

function Picture({ blob, name, failed }: { blob: Blob; name: string; failed: () => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const fail = useRef(failed);
  useEffect(() => {
    fail.current = failed;
  });
  useEffect(() => {
    let gone = false;
    const draw = (image: ImageBitmap) => {
      const drawn = canvas.current;
      if (!gone && drawn !== null) {
        const scale = Math.min(1, WIDEST / image.width, HIGHEST / image.height);
        drawn.width = Math.max(1, Math.round(image.width * scale));
        drawn.height = Math.max(1, Math.round(image.height * scale));
        drawn.getContext("2d")?.drawImage(image, 0, 0, drawn.width, drawn.height);
      }
      image.close();
    };
    createImageBitmap(blob).then(draw, () => {
      if (!gone) fail.current();
    });
    return () => {
      gone = true;
    };
  }, [blob]);
  return (
    <canvas
      ref={canvas}
      className="picture"
      role="img"
      aria-label={`Picture: ${name}`}
      width={1}
      height={1}
    />
  );
}
