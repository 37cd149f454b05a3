"""What the agent can look up: a folder of Markdown articles, kept searchable while people edit it.

    folder of *.md ─ ingest ─► Article ─ chunk ─► Passage ─ index ─► Edition ─ swapped into ─► KnowledgeIndex
           ▲                                                                                      │ search()
           └── watch (every second) ─► library.refresh() (worker thread)                          ▼
                                                                                               [Match]

- `passage` holds the words of this package: `Source`, `Passage`, `Match`.
- `article` and `chunk` are cores: text in, values or problems out, no files, no clock.
- `ingest` is the only reader of files. It distrusts them: links that leave the folder, huge files, other
  encodings and duplicates become problems with file and line, never exceptions.
- `embedding` turns text to vectors (MiniLM in ONNX, one thread); `lexical` is BM25; `index` fuses both.
- `library` holds the articles last known to be good, and the index made of them; `watch` keeps it current.

Three decisions:
1. *Every section opens with its answer.* The first paragraph of a section is a lead passage: at most 45 words,
   no markup, fit to be read out loud as it stands. A small language model then only chooses; it need not phrase.
2. *A score is a probability.* Lexical and semantic likeness go through one logistic function, fitted on
   labelled questions, so a single threshold (`index.COVERED`) says whether we know the answer at all. "I don't
   know" is worth more than a near miss.
3. *An edition never changes.* A search takes the current edition once and works on that; an update builds the
   next one beside it and swaps one reference. Readers need no lock, and a broken article cannot take others down.

Everything here is synchronous and slow by an event loop's measure (a search takes some milliseconds): callers on
a loop use a worker thread. Only `watch` is a coroutine.
"""
