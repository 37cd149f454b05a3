"""Files that customers and our people send each other beside what they write.

`settings.py`    section `files` of the configuration: how many, how large, of which kinds
`kinds.py`       what a file is, by its own bytes                                            [core]
`names.py`       its name, fit to be shown and saved                                         [core]
`files.py`       takes one in while it comes, and gives it out, in pieces
`customers.py`   whether a customer may send one now, on whichever node their session lives

Kept in the store (`gateway/store/file_store.py`), so that every node can give out every file; what is told of
one is the fact `file.shared`. No model reads a file or its name.
"""
