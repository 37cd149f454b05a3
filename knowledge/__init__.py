"""What the agent can look up: a folder of Markdown articles, kept searchable while people edit it.

    folder of *.md -- ingest --> Article -- chunk --> Passage -- index --> Edition
          ^                                                                  |  swapped into
          |                                                                  v
        watch (every second) --> library.refresh(), in a thread      KnowledgeIndex.search() --> [Match]

- `passage` holds the words of this package: `Source`, `Passage`, `Match`.
- `front_matter`, `article` and `chunk` are cores: text in, values out, or a `problem` with file and line.
- `ingest` is the only reader of articles. It distrusts them: links that leave the folder, huge files, other
  encodings and duplicates become problems, never exceptions.
- `embedding` turns text to vectors (MiniLM in ONNX, one thread), `embedding_cache` remembers them; `lexical`
  is BM25; `elsewhere` knows what no article is about; `index` weighs all three.
- `library` holds the articles last known to be good and their index; `watch` keeps it current.

Three decisions:
1. *Every section opens with its answer.* Its first paragraph is a lead passage: at most 45 words, no markup,
   fit to be read out loud as it stands. A small language model then chooses; it need not phrase.
2. *A score is a probability.* All evidence goes through one logistic function, fitted on labelled questions,
   so a single threshold (`index.COVERED`) says whether we know the answer at all. "I don't know" is worth
   more than a near miss.
3. *An edition never changes.* A search takes the current edition once and works on that; an update builds the
   next one beside it and swaps one reference. Readers need no lock, and a broken article harms no other.

All of it is synchronous and slow by an event loop's measure (a search takes some milliseconds): callers on a
loop use a worker thread. Only `watch` is a coroutine.
"""
